// The backend of microcontrollers.
#pragma once
#include "network/backend.h"

namespace bifsmn {

extern const Backend tables_backend;

}  // namespace bifsmn

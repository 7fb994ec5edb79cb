// Reads and validates model files (FORMAT.md).
#pragma once
#include "bifsmn.h"
#include "network/network.h"

namespace bifsmn {

// Checks a whole file; allocates nothing. On success `memory` is how many bytes
// `read_network` needs.
bifsmn_status check_file(const uint8_t* bytes, size_t length, size_t* memory);

// Decodes a file that `check_file` has passed into `memory`, which must be
// aligned to 64 bytes and zeroed; the file's bytes are not needed afterwards.
const Network* read_network(const uint8_t* bytes, size_t length, void* memory);

}  // namespace bifsmn

// Reads and validates model files (FORMAT.md).
#pragma once
#include "bifsmn.h"
#include "network/network.h"

namespace bifsmn {

// Checks a whole file; allocates nothing. On success `memory` is how many bytes
// `read_network` needs.
bifsmn_status check_file(const uint8_t* bytes, size_t length, size_t* memory);

// Makes a network of a file that `check_file` has passed, in `memory`, which must be
// aligned to 64 bytes and zeroed. Codes and bits stay in the file's bytes, of any
// alignment (such as in flash): these must live as long as the network.
const Network* read_network(const uint8_t* bytes, size_t length, void* memory);

}  // namespace bifsmn

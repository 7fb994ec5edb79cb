// The labels that mean something to the engine.
#pragma once
#include <cstring>

namespace bifsmn {

inline bool names_silence(const char* label) { return strcmp(label, "silence") == 0; }

inline bool names_keyword(const char* label) {
  return !names_silence(label) && strcmp(label, "unknown") != 0;
}

}  // namespace bifsmn

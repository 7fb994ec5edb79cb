#include "path.h"

namespace bifsmn {

const Path* available_path(uint32_t index) {
  static const Path* const paths[] = {&reference_path};
  for (const Path* path : paths)
    if (path->runs_here() && index-- == 0) return path;
  return nullptr;
}

}  // namespace bifsmn

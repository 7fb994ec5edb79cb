// Writes random models of the usual sizes, with one plane and with two.
//
//   write_models FOLDER    writes FOLDER/1.bifsmn and FOLDER/2.bifsmn
#include <cstdio>

#include "random_model.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "write_models: expected a folder\n");
    return 1;
  }
  for (uint32_t planes = 1; planes <= 2; ++planes) {
    bifsmn::Config config = bifsmn::default_config();
    config.planes = planes;
    const bifsmn::Buffer model = bifsmn::random_model(config, planes);
    char path[4096];
    snprintf(path, sizeof path, "%s/%u.bifsmn", argv[1], planes);
    FILE* file = fopen(path, "wb");
    if (!file || fwrite(model.data(), 1, model.size(), file) != model.size() || fclose(file)) {
      fprintf(stderr, "write_models: expected to write %s, could not\n", path);
      return 1;
    }
  }
}

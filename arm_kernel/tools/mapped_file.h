// A file in memory, of any length: the system reads what is looked at, when it is.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

class MappedFile {
 public:
  MappedFile() = default;
  ~MappedFile() {
    if (length_) munmap(const_cast<uint8_t*>(bytes_), length_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // What is wrong, or null; - is standard input. Where the file becomes shorter later
  // on, what is gone ends the program by SIGBUS when it is looked at.
  const char* open(const char* path) {
    if (strcmp(path, "-") == 0) return open_input();
    // A pipe is not waited for.
    const int file = ::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return strerror(errno);
    const char* wrong = map(file);
    ::close(file);
    return wrong;
  }

  const uint8_t* bytes() const { return bytes_; }
  size_t length() const { return length_; }

 private:
  // Standard input to its end, in a file without a name.
  const char* open_input() {
    if (isatty(STDIN_FILENO))
      return "expected a WAV file on standard input, found a terminal; pipe one into it";
    FILE* copy = tmpfile();
    if (!copy) return strerror(errno);
    const char* wrong = copy_input(copy);
    if (!wrong) wrong = map(fileno(copy));
    fclose(copy);
    return wrong;
  }

  static const char* copy_input(FILE* copy) {
    uint8_t block[1 << 16];
    ssize_t count;
    while ((count = read(STDIN_FILENO, block, sizeof block)) > 0)
      if (fwrite(block, 1, size_t(count), copy) < size_t(count)) return strerror(errno);
    return count < 0 || fflush(copy) != 0 ? strerror(errno) : nullptr;
  }

  const char* map(int file) {
    struct stat status;
    if (fstat(file, &status) != 0) return strerror(errno);
    if (S_ISDIR(status.st_mode)) return strerror(EISDIR);
    if (!S_ISREG(status.st_mode))
      return "expected a file, found a pipe or a device; write its audio into a file";
    if (status.st_size == 0) return nullptr;
    if (uint64_t(status.st_size) > PTRDIFF_MAX) return strerror(EFBIG);
    const size_t length = size_t(status.st_size);
    void* bytes = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) return strerror(errno);
    madvise(bytes, length, MADV_SEQUENTIAL);
    bytes_ = static_cast<const uint8_t*>(bytes);
    length_ = length;
    return nullptr;
  }

  const uint8_t* bytes_ = reinterpret_cast<const uint8_t*>("");
  size_t length_ = 0;
};

#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int fuzz_file(char path[FUZZ_PATH], const uint8_t *bytes, size_t length) {
  int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
  if (descriptor < 0 || (length && write(descriptor, bytes, length) != (ssize_t)length)) {
    perror("a file in memory");
    exit(1);
  }
  snprintf(path, FUZZ_PATH, "/proc/self/fd/%d", descriptor);
  return descriptor;
}

struct fuzz_part fuzz_cut(struct fuzz_part *rest) {
  const size_t width = sizeof FUZZ_SEPARATOR - 1;
  const uint8_t *found = rest->length ? memmem(rest->bytes, rest->length, FUZZ_SEPARATOR, width) : NULL;
  struct fuzz_part part = {rest->bytes, found ? (size_t)(found - rest->bytes) : rest->length};
  size_t used = found ? part.length + width : part.length;
  rest->bytes = used ? rest->bytes + used : rest->bytes;
  rest->length -= used;
  return part;
}

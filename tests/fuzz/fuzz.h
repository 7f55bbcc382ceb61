/* Fuzz targets: each fuzz_NAME.c gives arbitrary bytes to one reader of foreign input, which must return, whatever
 * the bytes are, without a fault, a leak, a long wait or much memory.
 *
 * The entry is libFuzzer's.  With --enable-fuzzing a target is linked with libFuzzer; else with replay.c, which runs
 * it on the files of tests/fuzz/corpus/NAME, as `make check` does. */
#ifndef HRM_FUZZ_H
#define HRM_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { FUZZ_PATH = 64 };

/* Makes a file of these bytes in memory; writes its path, and returns its descriptor, which the caller closes. */
int fuzz_file(char path[FUZZ_PATH], const uint8_t *bytes, size_t length);

/* An input of several files: they stand one behind the other with FUZZ_SEPARATOR between them.  Cuts the first from
 * *rest and moves *rest behind its separator; what is missing is empty. */
#define FUZZ_SEPARATOR "\n=-=\n"
struct fuzz_part {
  const uint8_t *bytes;
  size_t length;
};
struct fuzz_part fuzz_cut(struct fuzz_part *rest);

#endif

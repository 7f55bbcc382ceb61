/* .npy: what parses is read to its last element. */
#include "runtime/npy.h"
#include "tests/fuzz/fuzz.h"

#include <unistd.h>

static void read_elements(const struct npy_array *array) {
  enum { PIECE = 64 };
  int32_t piece[PIECE];
  int64_t smallest, largest;
  if (!npy_is_integer(array->type)) return;
  npy_range(array, &smallest, &largest);
  bool fits = smallest >= INT32_MIN && largest <= INT32_MAX;
  for (int64_t i = 0; i + PIECE <= array->count && fits; i += PIECE) npy_copy_i32(array, i, PIECE, piece);
  if (array->count) npy_integer(array, array->count - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  char path[FUZZ_PATH];
  struct npy_array array;
  struct hrm_error error;
  int file = fuzz_file(path, bytes, length);
  if (npy_open(&array, path, &error)) read_elements(&array);
  npy_close(&array);
  close(file);
  return 0;
}

/* Files of tensors of every form, as they lie on disk. */
#include "tests/fuzz/tensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  fuzz_tensors(bytes, length);
  return 0;
}

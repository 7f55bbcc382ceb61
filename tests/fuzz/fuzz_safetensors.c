/* Files of tensors: every tensor of one that parses is read. */
#include "runtime/tensor_file.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <unistd.h>

static void read_tensor(const struct tensor_entry *entry) {
  unsigned sum = 0;
  size_t bytes = (size_t)entry->shape.count * stored_dtype_bytes(entry->dtype);
  for (size_t i = 0; i < bytes; i++) sum += ((const unsigned char *)entry->data)[i];
  float *floats = malloc((size_t)entry->shape.count * sizeof *floats + sum % 2);
  if (floats) tensor_entry_floats(entry, floats);
  free(floats);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  char path[FUZZ_PATH];
  struct tensor_file file;
  struct hrm_error error;
  int descriptor = fuzz_file(path, bytes, length);
  if (tensor_file_open(&file, path, &error)) {
    for (int i = 0; i < file.count; i++) read_tensor(&file.entries[i]);
    tensor_file_text(&file, "settings");
    tensor_file_close(&file);
  }
  close(descriptor);
  return 0;
}

#include "runtime/tensor_file.h"
#include "tests/fuzz/tensors.h"

#include <stdlib.h>
#include <string.h>

/* Copies all of a tensor's bytes, so that the sanitizers see every address. */
static void read_tensor(const struct tensor_entry *entry) {
  size_t count = (size_t)entry->shape.count, bytes = count * stored_dtype_bytes(entry->dtype);
  void *copy = malloc(bytes + 1);
  float *floats = malloc(count * sizeof *floats + 1);
  if (copy && bytes) memcpy(copy, entry->data, bytes);
  if (floats) tensor_entry_floats(entry, floats);
  free(copy);
  free(floats);
}

void fuzz_tensors(const uint8_t *bytes, size_t length) {
  struct tensor_file file;
  struct hrm_error error;
  if (!tensor_file_parse(&file, bytes, length, "fuzz", &error)) return;
  for (int i = 0; i < file.count; i++) read_tensor(&file.entries[i]);
  tensor_file_text(&file, "settings");
  tensor_file_close(&file);
}

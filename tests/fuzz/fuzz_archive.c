/* Zip archives of tensors (PyTorch's .pt, NumPy's .npz), made with right checksums: the first part of the input has
 * the members' names, a line each, the others their contents. */
#include "tests/fuzz/tensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { MEMBERS = 16 };

static void add_member(zip_t *zip, const char *name, struct fuzz_part part) {
  zip_source_t *source = zip_source_buffer(zip, part.bytes, part.length, 0);
  zip_int64_t member = zip_file_add(zip, name, source, 0);
  if (member < 0)
    zip_source_free(source);
  else
    zip_set_file_compression(zip, (zip_uint64_t)member, ZIP_CM_STORE, 0);
}

static void add_members(zip_t *zip, char *names, struct fuzz_part rest) {
  char *next;
  for (char *name = strtok_r(names, "\n", &next); name && rest.length; name = strtok_r(NULL, "\n", &next)) {
    add_member(zip, name, fuzz_cut(&rest));
    if (zip_get_num_entries(zip, 0) == MEMBERS) return;
  }
}

static void use_archive(zip_source_t *source) {
  zip_stat_t status;
  if (zip_source_stat(source, &status) != 0 || zip_source_open(source) != 0) return;
  uint8_t *bytes = malloc(status.size + 1);
  zip_int64_t length = zip_source_read(source, bytes, status.size);
  zip_source_close(source);
  if (length > 0) fuzz_tensors(bytes, (size_t)length);
  free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  struct fuzz_part rest = {bytes, length}, names = fuzz_cut(&rest);
  zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
  zip_t *zip = zip_open_from_source(source, ZIP_TRUNCATE, NULL);
  char *text = strndup((const char *)names.bytes, names.length);
  if (!zip || !text) exit(1);
  zip_source_keep(source);
  add_members(zip, text, rest);
  if (zip_close(zip) == 0)
    use_archive(source);
  else
    zip_discard(zip);
  zip_source_free(source);
  free(text);
  return 0;
}

/* The safetensors format: eight bytes n, little-endian; n bytes of JSON {"NAME": {"dtype", "shape", "data_offsets":
 * [begin, end]}, …, "__metadata__": {…}}; then the data, to which the offsets refer. */
#ifndef HRM_SAFETENSORS_H
#define HRM_SAFETENSORS_H

#include "runtime/tensor_file.h"

/* Parses bytes held in memory, which file->mapping may be: entries point into them.  Fills entries, metadata and
 * header alone.  name stands in messages. */
bool safetensors_parse(struct tensor_file *file, const void *bytes, size_t length, const char *name,
                       struct hrm_error *error);

/* Writes a file that appears whole or not at all; metadata may be NULL.  The entries are sorted, wide elements first
 * and then by name, so that every tensor begins at a multiple of its element's size; the data as a whole begin on a
 * 64-byte boundary. */
bool safetensors_write(const char *path, struct tensor_entry *entries, int count, json_t *metadata,
                       struct hrm_error *error);

#endif

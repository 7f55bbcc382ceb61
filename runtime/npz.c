#include "runtime/npz.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/npy.h"

/* NAME(type in .npy, type of a stored tensor) */
#define NPZ_TYPES(NAME)                                                                                              \
  NAME(U8, U8)                                                                                                       \
  NAME(I8, I8)                                                                                                       \
  NAME(U16, U16)                                                                                                     \
  NAME(I16, I16)                                                                                                     \
  NAME(U32, U32)                                                                                                     \
  NAME(I32, I32)                                                                                                     \
  NAME(I64, I64)                                                                                                     \
  NAME(BOOL, BOOL)                                                                                                   \
  NAME(F16, F16)                                                                                                     \
  NAME(F32, F32)                                                                                                     \
  NAME(F64, F64)

static enum stored_dtype stored_type(enum npy_type type) {
  static const enum stored_dtype types[] = {
#define STORED_OF(npy, stored) [NPY_##npy] = STORED_##stored,
      NPZ_TYPES(STORED_OF)
#undef STORED_OF
  };
  return types[type];
}

/* false where NumPy has no such type. */
static bool npy_type_of(enum stored_dtype dtype, enum npy_type *type) {
#define NPY_OF(npy, stored)                                                                                          \
  if (dtype == STORED_##stored) return *type = NPY_##npy, true;
  NPZ_TYPES(NPY_OF)
#undef NPY_OF
  return false;
}

/* ---- Reading ---- */

static const char suffix[] = ".npy";

static bool read_array(struct tensor_file *file, const struct archive *archive, int64_t member,
                       struct npy_array *array, struct hrm_error *error) {
  uint64_t bytes;
  char *name;
  if (!archive_size(archive, member, &bytes, error)) return false;
  void *data = tensor_file_allocate(file, bytes, error);
  if (!data || !archive_read(archive, member, data, bytes, error)) return false;
  if (asprintf(&name, "%s: %s", file->path, archive_member(archive, member)) < 0) {
    return hrm_fail(error, HRM_SYSTEM, "%s: out of memory", file->path);
  }
  bool parsed = npy_parse(array, data, bytes, name, error);
  free(name);
  return parsed;
}

static bool read_member(struct tensor_file *file, const struct archive *archive, int64_t member,
                        struct hrm_error *error) {
  const char *name = archive_member(archive, member);
  size_t length = strlen(name), tail = sizeof suffix - 1;
  struct npy_array array;
  struct tensor_entry entry;
  if (length <= tail || strcmp(name + length - tail, suffix) != 0) {
    return hrm_fail(error, HRM_INPUT, "%s: a zip archive with '%s': neither PyTorch's .pt nor NumPy's .npz",
                    file->path, name);
  }
  if (!read_array(file, archive, member, &array, error)) return false;
  entry = (struct tensor_entry){.name = tensor_file_name(file, name, length - tail, error),
                                .dtype = stored_type(array.type),
                                .data = array.data};
  if (!entry.name) return false;
  if (!shape_from_sizes(&entry.shape, array.shape, (size_t)array.rank)) {
    return hrm_fail(error, HRM_INPUT, "%s: tensor '%s': its shape is impossible", file->path, entry.name);
  }
  return tensor_file_add(file, &entry, error);
}

bool npz_parse(struct tensor_file *file, const struct archive *archive, struct hrm_error *error) {
  int64_t members = archive_count(archive);
  file->form = "NumPy";
  for (int64_t i = 0; i < members; i++) {
    if (!read_member(file, archive, i, error)) return false;
  }
  return members > 0 || hrm_fail(error, HRM_INPUT, "%s: it holds no tensors", file->path);
}

/* ---- Writing ---- */

static bool add_entry(struct archive_writer *writer, const struct tensor_entry *entry, struct npy_header *header,
                      struct hrm_error *error) {
  enum npy_type type;
  char *member;
  if (!npy_type_of(entry->dtype, &type)) {
    return hrm_fail(error, HRM_LIMITATION, "'%s': NumPy has no type %s", entry->name,
                    stored_dtype_name(entry->dtype));
  }
  *header = npy_header(type, entry->shape.rank, entry->shape.size);
  const struct archive_part parts[2] = {{header->text, header->length},
                                        {entry->data, (size_t)entry->shape.count * stored_dtype_bytes(entry->dtype)}};
  if (asprintf(&member, "%s%s", entry->name, suffix) < 0) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  bool added = archive_add(writer, member, parts, error);
  free(member);
  return added;
}

bool npz_write(const char *path, const struct tensor_entry *entries, int count, struct hrm_error *error) {
  struct archive_writer writer = {0};
  struct npy_header *headers = calloc((size_t)count + 1, sizeof *headers);
  bool written = headers ? archive_create(&writer, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (int i = 0; written && i < count; i++) written = add_entry(&writer, &entries[i], &headers[i], error);
  written = written && archive_write(&writer, path, error);
  archive_abandon(&writer);
  free(headers);
  return written;
}

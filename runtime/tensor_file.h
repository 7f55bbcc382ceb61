/* Files of named tensors: checkpoints, whatever their form on disk: safetensors, PyTorch's .pt (zip and legacy) or
 * NumPy's .npz, told apart by their first bytes. */
#ifndef HRM_TENSOR_FILE_H
#define HRM_TENSOR_FILE_H

#include <jansson.h>
#include <stddef.h>

#include "runtime/error.h"
#include "runtime/shape.h"

/* NAME(identifier, name in safetensors, bytes of an element) */
#define STORED_DTYPES(NAME)                                                                                          \
  NAME(F64, "F64", 8)                                                                                                \
  NAME(F32, "F32", 4)                                                                                                \
  NAME(F16, "F16", 2)                                                                                                \
  NAME(BF16, "BF16", 2)                                                                                              \
  NAME(I64, "I64", 8)                                                                                                \
  NAME(I32, "I32", 4)                                                                                                \
  NAME(I16, "I16", 2)                                                                                                \
  NAME(I8, "I8", 1)                                                                                                  \
  NAME(U64, "U64", 8)                                                                                                \
  NAME(U32, "U32", 4)                                                                                                \
  NAME(U16, "U16", 2)                                                                                                \
  NAME(U8, "U8", 1)                                                                                                  \
  NAME(BOOL, "BOOL", 1)

enum stored_dtype {
#define STORED_ENUMERATE(identifier, name, bytes) STORED_##identifier,
  STORED_DTYPES(STORED_ENUMERATE)
#undef STORED_ENUMERATE
      STORED_COUNT
};

const char *stored_dtype_name(enum stored_dtype dtype);
size_t stored_dtype_bytes(enum stored_dtype dtype);

struct tensor_entry {
  const char *name;
  enum stored_dtype dtype;
  struct shape shape;
  const void *data; /* row-major, little-endian, at any alignment; may be NULL where there are no elements */
};

struct tensor_file {
  char *path;
  const char *form; /* "safetensors", "PyTorch", "PyTorch, legacy" or "NumPy" */
  int count, capacity;
  struct tensor_entry *entries; /* in the file's order; names are all different */
  json_t *metadata;             /* of safetensors: an object of strings, perhaps empty; else NULL */
  json_t *header;               /* of safetensors: owns the names */
  void *mapping;
  size_t mapping_bytes;
  struct tensor_memory *memory; /* what could not stay in the mapping, and names */
  uint64_t room;                /* bytes that may still be taken for it */
};

/* Opens a file of any supported form and checks that every tensor lies within it.  On failure nothing is left. */
bool tensor_file_open(struct tensor_file *file, const char *path, struct hrm_error *error);
/* The same from bytes in memory, which have to outlive it.  name stands in messages. */
bool tensor_file_parse(struct tensor_file *file, const void *bytes, size_t length, const char *name,
                       struct hrm_error *error);
void tensor_file_close(struct tensor_file *file); /* accepts all zeros */

/* For the readers of each form: memory that lives as long as the file is open.  All of it together may be a hundred
 * times the file's length, or 64 MB if that is more, so that a small file cannot unpack to fill the machine. */
void *tensor_file_allocate(struct tensor_file *file, uint64_t bytes, struct hrm_error *error);
char *tensor_file_name(struct tensor_file *file, const char *name, size_t length,
                       struct hrm_error *error); /* a copy */
/* Appends an entry.  That names are all different is looked at when all are there. */
bool tensor_file_add(struct tensor_file *file, const struct tensor_entry *entry, struct hrm_error *error);

const struct tensor_entry *tensor_file_find(const struct tensor_file *file, const char *name); /* or NULL */
const char *tensor_file_text(const struct tensor_file *file, const char *key); /* of the metadata, or NULL */

/* Copies all elements as float32; false where the type is no floating-point type. */
bool tensor_entry_floats(const struct tensor_entry *entry, float *out);

/* Copies all elements, f32 or bf16, as the other of the two; false for other types. */
bool tensor_entry_convert(const struct tensor_entry *entry, enum stored_dtype dtype, void *out);

#endif

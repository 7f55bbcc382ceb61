/* NumPy's .npy files: versions 1.0, 2.0 and 3.0, little-endian numbers, C order.
 *
 * Reading maps the file, so a set larger than memory can be read; nothing is allocated for the elements, and a header
 * is believed only as far as the file's length bears it out.  Writing streams rows into a file whose number of rows
 * may be unknown until the end. */
#ifndef HRM_NPY_H
#define HRM_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/atomic_file.h"
#include "runtime/error.h"

enum { NPY_MAX_RANK = 8 };

/* NAME(identifier, NumPy's name, descr in the file, C type): first the integers */
#define NPY_TYPES(NAME)                                                                                              \
  NAME(U8, "uint8", "|u1", uint8_t)                                                                                  \
  NAME(I8, "int8", "|i1", int8_t)                                                                                    \
  NAME(U16, "uint16", "<u2", uint16_t)                                                                               \
  NAME(I16, "int16", "<i2", int16_t)                                                                                 \
  NAME(U32, "uint32", "<u4", uint32_t)                                                                               \
  NAME(I32, "int32", "<i4", int32_t)                                                                                 \
  NAME(I64, "int64", "<i8", int64_t)                                                                                 \
  NAME(BOOL, "bool", "|b1", uint8_t)                                                                                 \
  NAME(F16, "float16", "<f2", uint16_t)                                                                              \
  NAME(F32, "float32", "<f4", float)                                                                                 \
  NAME(F64, "float64", "<f8", double)

enum npy_type {
#define NPY_ENUMERATE(name, numpy, descr, type) NPY_##name,
  NPY_TYPES(NPY_ENUMERATE)
#undef NPY_ENUMERATE
};

/* An open array. The elements are read-only and valid until npy_close. */
struct npy_array {
  enum npy_type type;
  int rank;
  int64_t shape[NPY_MAX_RANK];
  int64_t count;    /* product of the shape */
  const void *data; /* count elements */
  void *mapping;    /* of the whole file, owned */
  size_t mapping_bytes;
};

/* Parses a .npy file held in memory; array->data points into it and array->mapping is NULL. name stands in messages.
 */
bool npy_parse(struct npy_array *array, const void *bytes, size_t length, const char *name, struct hrm_error *error);

/* Maps the file and parses it. On failure *array holds nothing to close. */
bool npy_open(struct npy_array *array, const char *path, struct hrm_error *error);

/* Pages of the file are read one by one, without those around them: for elements that are taken at random. */
void npy_expect_random(const struct npy_array *array);
/* Gives the pages that were read back to the system; they are read again when they are needed. */
void npy_release(const struct npy_array *array);

/* Unmaps; the array is empty afterwards. An array that is all zeros may be closed. */
void npy_close(struct npy_array *array);

size_t npy_type_bytes(enum npy_type type);
const char *npy_type_name(enum npy_type type);  /* NumPy's name: "uint8" */
const char *npy_type_descr(enum npy_type type); /* as the header has it: "|u1" */
bool npy_is_integer(enum npy_type type);

/* Element i of the flattened array; the type is an integer's. */
int64_t npy_integer(const struct npy_array *array, int64_t i);

/* Copies count elements from first on into an int32 buffer. Values must fit (npy_range tells). */
void npy_copy_i32(const struct npy_array *array, int64_t first, int64_t count, int32_t *out);

/* The smallest and the largest element; of an empty array 0 and -1.  What was looked at of a mapped file does not
 * stay in the process's memory. */
void npy_range(const struct npy_array *array, int64_t *smallest, int64_t *largest);

/* What stands before the elements: as long for every shape of this rank. */
struct npy_header {
  char text[512];
  size_t length;
};
struct npy_header npy_header(enum npy_type type, int rank, const int64_t *shape);

/* A file being written: rows of shape[1..rank-1]. */
struct npy_writer {
  struct atomic_file file;
  enum npy_type type;
  int rank;
  int64_t shape[NPY_MAX_RANK]; /* shape[0] counts the rows up to the last that was written */
  int64_t at;                  /* the row where the next bytes go */
  size_t row_bytes;
};

/* Opens PATH's temporary neighbour; shape[0] is ignored. */
bool npy_create(struct npy_writer *writer, const char *path, enum npy_type type, int rank, const int64_t *shape,
                struct hrm_error *error);
/* Appends whole rows, contiguous. */
bool npy_append(struct npy_writer *writer, const void *rows, int64_t count, struct hrm_error *error);
/* Writes rows first … first+count-1 in any order; rows that never come are zeros.  Appending goes on behind the last.
 */
bool npy_put(struct npy_writer *writer, int64_t first, const void *rows, int64_t count, struct hrm_error *error);
/* Completes the header and puts the file in place; on failure nothing is left. */
bool npy_finish(struct npy_writer *writer, struct hrm_error *error);
/* Gives up; nothing is left. Harmless after npy_finish or on a writer that is all zeros. */
void npy_abandon(struct npy_writer *writer);

/* The whole array at once. */
bool npy_write(const char *path, enum npy_type type, int rank, const int64_t *shape, const void *data,
               struct hrm_error *error);

#endif

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/npy.h"

/* The header is as long as its longest form, so that the number of rows can be filled in at the end. */
static size_t header_bytes(int rank) {
  size_t longest = 10 + strlen("{'descr': '|u1', 'fortran_order': False, 'shape': (,), }\n") + (size_t)rank * 22;
  return (longest + 63) / 64 * 64;
}

struct npy_header npy_header(enum npy_type type, int rank, const int64_t *shape) {
  struct npy_header h = {.length = header_bytes(rank)};
  memset(h.text, ' ', sizeof h.text);
  memcpy(h.text, "\x93NUMPY\1\0", 8);
  h.text[8] = (char)((h.length - 10) & 0xff);
  h.text[9] = (char)((h.length - 10) >> 8);
  int at = 10 + snprintf(h.text + 10, sizeof h.text - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                         npy_type_descr(type));
  for (int axis = 0; axis < rank; axis++)
    at += snprintf(h.text + at, sizeof h.text - (size_t)at, "%s%" PRId64 "%s", axis ? " " : "", shape[axis],
                   axis + 1 < rank || rank == 1 ? "," : "");
  at += snprintf(h.text + at, sizeof h.text - (size_t)at, "), }");
  h.text[at] = ' ';
  h.text[h.length - 1] = '\n';
  return h;
}

static bool write_header(struct npy_writer *writer, struct hrm_error *error) {
  const struct npy_header header = npy_header(writer->type, writer->rank, writer->shape);
  return atomic_write(&writer->file, header.text, header.length, error);
}

bool npy_create(struct npy_writer *writer, const char *path, enum npy_type type, int rank, const int64_t *shape,
                struct hrm_error *error) {
  *writer = (struct npy_writer){.type = type, .rank = rank, .row_bytes = npy_type_bytes(type)};
  if (rank < 1 || rank > NPY_MAX_RANK) return hrm_fail(error, HRM_BUG, "%s: an array of rank %d", path, rank);
  for (int axis = 1; axis < rank; axis++) {
    writer->shape[axis] = shape[axis];
    writer->row_bytes *= (size_t)shape[axis];
  }
  if (!atomic_open(&writer->file, path, error)) return false;
  if (write_header(writer, error)) return true;
  npy_abandon(writer);
  return false;
}

static bool seek(struct npy_writer *writer, off_t offset, struct hrm_error *error) {
  return fseeko(writer->file.stream, offset, SEEK_SET) == 0 ||
         hrm_fail(error, HRM_SYSTEM, "%s: cannot write: %s", writer->file.path, strerror(errno));
}

bool npy_append(struct npy_writer *writer, const void *rows, int64_t count, struct hrm_error *error) {
  return npy_put(writer, writer->shape[0], rows, count, error);
}

bool npy_put(struct npy_writer *writer, int64_t first, const void *rows, int64_t count, struct hrm_error *error) {
  off_t offset = (off_t)(header_bytes(writer->rank) + (size_t)first * writer->row_bytes);
  bool in_place = writer->at == first || seek(writer, offset, error);
  writer->at = first + count;
  if (writer->at > writer->shape[0]) writer->shape[0] = writer->at;
  return in_place && atomic_write(&writer->file, rows, (size_t)count * writer->row_bytes, error);
}

bool npy_finish(struct npy_writer *writer, struct hrm_error *error) {
  if (seek(writer, 0, error) && write_header(writer, error)) return atomic_commit(&writer->file, error);
  npy_abandon(writer);
  return false;
}

void npy_abandon(struct npy_writer *writer) { atomic_abandon(&writer->file); }

bool npy_write(const char *path, enum npy_type type, int rank, const int64_t *shape, const void *data,
               struct hrm_error *error) {
  struct npy_writer writer;
  if (!npy_create(&writer, path, type, rank, shape, error)) return false;
  if (npy_append(&writer, data, shape[0], error)) return npy_finish(&writer, error);
  npy_abandon(&writer);
  return false;
}

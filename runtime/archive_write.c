#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "runtime/archive.h"
#include "runtime/atomic_file.h"

static bool cannot_make(struct hrm_error *error, zip_error_t *cause) {
  return hrm_fail(error, HRM_SYSTEM, "the zip archive cannot be made: %s", zip_error_strerror(cause));
}

bool archive_create(struct archive_writer *writer, struct hrm_error *error) {
  zip_error_t cause;
  *writer = (struct archive_writer){0};
  zip_error_init(&cause);
  writer->source = zip_source_buffer_create(NULL, 0, 0, &cause);
  if (writer->source) writer->zip = zip_open_from_source(writer->source, ZIP_TRUNCATE, &cause);
  bool created = writer->zip != NULL;
  if (created)
    zip_source_keep(writer->source); /* one is the archive's, one reads what was made */
  else
    cannot_make(error, &cause);
  zip_error_fini(&cause);
  return created;
}

/* The first moment that an archive can name, so that the same tensors give the same bytes. */
enum { FIRST_DATE = 1 << 5 | 1, FIRST_TIME = 0 };

bool archive_add(struct archive_writer *writer, const char *member, const struct archive_part parts[2],
                 struct hrm_error *error) {
  zip_buffer_fragment_t fragments[2];
  zip_error_t *cause = zip_get_error(writer->zip);
  for (int i = 0; i < 2; i++) {
    fragments[i] = (zip_buffer_fragment_t){(zip_uint8_t *)parts[i].bytes, parts[i].length};
  }
  zip_source_t *source = zip_source_buffer_fragment_create(fragments, parts[1].length ? 2 : 1, 0, cause);
  if (!source) return cannot_make(error, cause);
  zip_int64_t index = zip_file_add(writer->zip, member, source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return cannot_make(error, cause);
  }
  bool set = zip_set_file_compression(writer->zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
             zip_file_set_dostime(writer->zip, (zip_uint64_t)index, FIRST_TIME, FIRST_DATE, 0) == 0;
  return set || cannot_make(error, cause);
}

static bool copy_out(zip_source_t *source, struct atomic_file *file, struct hrm_error *error) {
  enum { PIECE = 1 << 20 };
  char *piece = malloc(PIECE);
  zip_int64_t got = piece ? 1 : -1;
  bool written = true;
  while (got > 0 && written) {
    got = zip_source_read(source, piece, PIECE);
    if (got > 0) written = atomic_write(file, piece, (size_t)got, error);
  }
  free(piece);
  return written && (got == 0 || hrm_fail(error, HRM_SYSTEM, "%s: the zip archive cannot be copied", file->path));
}

static bool write_file(zip_source_t *source, const char *path, struct hrm_error *error) {
  struct atomic_file file;
  if (!atomic_open(&file, path, error)) return false;
  bool copied = copy_out(source, &file, error);
  if (!copied) atomic_abandon(&file);
  return copied && atomic_commit(&file, error);
}

bool archive_write(struct archive_writer *writer, const char *path, struct hrm_error *error) {
  if (zip_close(writer->zip) != 0) return cannot_make(error, zip_get_error(writer->zip));
  writer->zip = NULL;
  if (zip_source_open(writer->source) != 0) return cannot_make(error, zip_source_error(writer->source));
  bool written = write_file(writer->source, path, error);
  zip_source_close(writer->source);
  return written;
}

void archive_abandon(struct archive_writer *writer) {
  if (writer->zip) zip_discard(writer->zip);
  if (writer->source) zip_source_free(writer->source);
  *writer = (struct archive_writer){0};
}

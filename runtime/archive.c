#include "runtime/archive.h"

#include <string.h>
#include <zip.h>

static bool zip_failed(struct hrm_error *error, const char *name, zip_error_t *cause) {
  return hrm_fail(error, zip_error_code_zip(cause) == ZIP_ER_MEMORY ? HRM_SYSTEM : HRM_INPUT,
                  "%s: damaged zip archive: %s", name, zip_error_strerror(cause));
}

bool archive_open(struct archive *archive, const void *bytes, size_t length, const char *name,
                  struct hrm_error *error) {
  zip_error_t cause;
  zip_error_init(&cause);
  *archive = (struct archive){.name = name};
  zip_source_t *source = zip_source_buffer_create(bytes, length, 0, &cause);
  if (source) archive->zip = zip_open_from_source(source, ZIP_RDONLY, &cause);
  if (!archive->zip) {
    zip_failed(error, name, &cause);
    if (source) zip_source_free(source);
  }
  zip_error_fini(&cause);
  return archive->zip != NULL;
}

void archive_close(struct archive *archive) {
  if (archive->zip) zip_discard(archive->zip);
  *archive = (struct archive){0};
}

int64_t archive_count(const struct archive *archive) { return zip_get_num_entries(archive->zip, 0); }

const char *archive_member(const struct archive *archive, int64_t member) {
  const char *name = zip_get_name(archive->zip, (zip_uint64_t)member, ZIP_FL_ENC_RAW);
  return name ? name : "";
}

int64_t archive_find(const struct archive *archive, const char *member) {
  return zip_name_locate(archive->zip, member, ZIP_FL_ENC_RAW);
}

bool archive_size(const struct archive *archive, int64_t member, uint64_t *bytes, struct hrm_error *error) {
  zip_stat_t status;
  if (zip_stat_index(archive->zip, (zip_uint64_t)member, 0, &status) != 0 || !(status.valid & ZIP_STAT_SIZE)) {
    return zip_failed(error, archive->name, zip_get_error(archive->zip));
  }
  *bytes = status.size;
  return true;
}

static bool member_failed(const struct archive *archive, int64_t member, zip_error_t *cause,
                          struct hrm_error *error) {
  return hrm_fail(error, HRM_INPUT, "%s: damaged: its member '%s' cannot be read: %s", archive->name,
                  archive_member(archive, member), zip_error_strerror(cause));
}

/* The checksum is looked at where the member ends, so it is read to its end. */
bool archive_read(const struct archive *archive, int64_t member, void *out, uint64_t bytes, struct hrm_error *error) {
  zip_file_t *file = zip_fopen_index(archive->zip, (zip_uint64_t)member, 0);
  if (!file) return member_failed(archive, member, zip_get_error(archive->zip), error);
  char *at = out, beyond;
  zip_int64_t got = 1;
  for (uint64_t left = bytes; left > 0 && got > 0; left -= (uint64_t)got, at += got) {
    got = zip_fread(file, at, left);
    if (got <= 0) break;
  }
  bool whole = at == (char *)out + bytes;
  if (whole) got = zip_fread(file, &beyond, 1);
  bool read = whole && got == 0;
  if (!read && got < 0) member_failed(archive, member, zip_file_get_error(file), error);
  if (!read && got >= 0) {
    hrm_fail(error, HRM_INPUT, "%s: damaged: its member '%s' has another length than it says", archive->name,
             archive_member(archive, member));
  }
  zip_fclose(file);
  return read;
}

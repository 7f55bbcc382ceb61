/* Zip archives in memory, by libzip: what PyTorch and NumPy put tensors in. */
#ifndef HRM_ARCHIVE_H
#define HRM_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/error.h"

struct zip;

struct archive {
  struct zip *zip;
  const char *name; /* of the file, for messages; not owned */
};

/* The bytes have to outlive the archive. */
bool archive_open(struct archive *archive, const void *bytes, size_t length, const char *name,
                  struct hrm_error *error);
void archive_close(struct archive *archive); /* accepts all zeros */

int64_t archive_count(const struct archive *archive);
const char *archive_member(const struct archive *archive, int64_t member); /* its name, valid while open */
int64_t archive_find(const struct archive *archive, const char *member);   /* its number, or -1 */

/* How long a member is unpacked, as the archive says. */
bool archive_size(const struct archive *archive, int64_t member, uint64_t *bytes, struct hrm_error *error);
/* Unpacks a member of exactly that length, and checks it by its checksum. */
bool archive_read(const struct archive *archive, int64_t member, void *out, uint64_t bytes, struct hrm_error *error);

/* An archive that is being made, in memory: what is added is read when it is written. */
struct archive_writer {
  struct zip *zip;
  struct zip_source *source;
};

bool archive_create(struct archive_writer *writer, struct hrm_error *error);
/* A member of head and then body, neither compressed nor copied; both have to live until archive_write. */
struct archive_part {
  const void *bytes;
  size_t length;
};
bool archive_add(struct archive_writer *writer, const char *member, const struct archive_part parts[2],
                 struct hrm_error *error);
/* Writes the file, which appears whole or not at all, and closes. */
bool archive_write(struct archive_writer *writer, const char *path, struct hrm_error *error);
void archive_abandon(struct archive_writer *writer); /* accepts all zeros, and what was written */

#endif

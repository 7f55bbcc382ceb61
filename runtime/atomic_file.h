/* Files that appear whole or not at all.
 *
 * The bytes go to PATH.XXXXXX.tmp beside PATH; committing flushes them to the disk and renames over PATH, so that a
 * full disk, a crash or an interrupt leaves what was at PATH before. Where PATH is a link, the file that it leads to
 * is replaced. A device, a pipe or a socket keeps its place and takes the bytes as they come. */
#ifndef HRM_ATOMIC_FILE_H
#define HRM_ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "runtime/error.h"

struct atomic_file {
  FILE *stream;    /* write here by stdio; NULL where nothing is open */
  char *path;      /* owned */
  char *temporary; /* owned; NULL for a special file */
};

/* A device, a pipe or a socket, or a link to one. */
bool is_special_file(const char *path);

bool atomic_open(struct atomic_file *file, const char *path, struct hrm_error *error);
/* fwrite with an error that names the file; nothing else has to be checked, commit looks at the stream again. */
bool atomic_write(struct atomic_file *file, const void *bytes, size_t length, struct hrm_error *error);
/* Flush, fsync, rename, fsync of the folder. On failure the temporary file is removed. Either way the file is closed.
 */
bool atomic_commit(struct atomic_file *file, struct hrm_error *error);
/* Closes and removes the temporary file. Harmless after a commit and on a file that is all zeros. */
void atomic_abandon(struct atomic_file *file);

/* The whole contents at once. */
bool atomic_write_file(const char *path, const void *bytes, size_t length, struct hrm_error *error);

#endif

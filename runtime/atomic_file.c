#include "runtime/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail_writing(const struct atomic_file *file, struct hrm_error *error) {
  return hrm_fail(error, HRM_SYSTEM, "%s: cannot write: %s", file->path, strerror(errno));
}

static void release(struct atomic_file *file) {
  free(file->path);
  free(file->temporary);
  *file = (struct atomic_file){0};
}

/* mkstemp makes files private; a committed file has the permissions that open() would have given it. */
static void give_usual_permissions(int descriptor) {
  mode_t mask = umask(0);
  umask(mask);
  (void)!fchmod(descriptor, 0666 & ~mask);
}

static bool open_temporary(struct atomic_file *file) {
  int descriptor = mkstemps(file->temporary, 4);
  if (descriptor < 0) return false;
  give_usual_permissions(descriptor);
  file->stream = fdopen(descriptor, "wb");
  if (file->stream) return true;
  int saved = errno;
  close(descriptor);
  unlink(file->temporary);
  errno = saved;
  return false;
}

bool is_special_file(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/* Where a link leads; the path itself where it is none, or leads nowhere. */
static char *follow_link(const char *path) {
  struct stat status;
  bool is_link = lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
  char *end = is_link ? realpath(path, NULL) : NULL;
  return end ? end : strdup(path);
}

static bool name_files(struct atomic_file *file, const char *path) {
  *file = (struct atomic_file){.path = follow_link(path)};
  if (!file->path) return false;
  if (is_special_file(file->path)) return true;
  if (asprintf(&file->temporary, "%s.XXXXXX.tmp", file->path) >= 0) return true;
  file->temporary = NULL;
  return false;
}

static bool open_special(struct atomic_file *file) {
  file->stream = fopen(file->path, "wb");
  return file->stream != NULL;
}

bool atomic_open(struct atomic_file *file, const char *path, struct hrm_error *error) {
  if (!name_files(file, path)) {
    release(file);
    return hrm_fail(error, HRM_SYSTEM, "%s: out of memory", path);
  }
  if (file->temporary ? open_temporary(file) : open_special(file)) return true;
  hrm_fail(error, HRM_SYSTEM, "%s: cannot create: %s", path, strerror(errno));
  release(file);
  return false;
}

bool atomic_write(struct atomic_file *file, const void *bytes, size_t length, struct hrm_error *error) {
  if (fwrite(bytes, 1, length, file->stream) == length) return true;
  return fail_writing(file, error);
}

static bool flush_to_disk(FILE *stream) {
  if (ferror(stream) || fflush(stream)) return false;
  return fsync(fileno(stream)) == 0 || errno == EINVAL || errno == EROFS;
}

/* The rename itself is on the disk only after its folder is. Some file systems cannot flush folders; that is no
 * error. */
static void flush_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
  if (!folder) return;
  int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(folder);
  if (descriptor < 0) return;
  (void)fsync(descriptor);
  close(descriptor);
}

/* Whether the name is that of the new file now. */
static bool put_in_place(const struct atomic_file *file) {
  if (!file->temporary) return true;
  if (rename(file->temporary, file->path)) return false;
  flush_folder(file->path);
  return true;
}

static void remove_temporary(const struct atomic_file *file) {
  if (file->temporary) unlink(file->temporary);
}

bool atomic_commit(struct atomic_file *file, struct hrm_error *error) {
  if (!flush_to_disk(file->stream)) {
    fail_writing(file, error);
    atomic_abandon(file);
    return false;
  }
  FILE *stream = file->stream;
  file->stream = NULL;
  bool done = fclose(stream) == 0 && put_in_place(file);
  if (!done) {
    fail_writing(file, error);
    remove_temporary(file);
  }
  release(file);
  return done;
}

void atomic_abandon(struct atomic_file *file) {
  if (!file->stream) return;
  fclose(file->stream);
  remove_temporary(file);
  release(file);
}

bool atomic_write_file(const char *path, const void *bytes, size_t length, struct hrm_error *error) {
  struct atomic_file file;
  if (!atomic_open(&file, path, error)) return false;
  if (atomic_write(&file, bytes, length, error)) return atomic_commit(&file, error);
  atomic_abandon(&file);
  return false;
}

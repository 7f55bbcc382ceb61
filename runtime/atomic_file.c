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

bool atomic_open(struct atomic_file *file, const char *path, struct hrm_error *error) {
  *file = (struct atomic_file){.path = strdup(path)};
  if (!file->path || asprintf(&file->temporary, "%s.XXXXXX.tmp", path) < 0) {
    file->temporary = NULL;
    release(file);
    return hrm_fail(error, HRM_SYSTEM, "%s: out of memory", path);
  }
  if (open_temporary(file)) return true;
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

bool atomic_commit(struct atomic_file *file, struct hrm_error *error) {
  if (!flush_to_disk(file->stream)) {
    fail_writing(file, error);
    atomic_abandon(file);
    return false;
  }
  FILE *stream = file->stream;
  file->stream = NULL;
  if (fclose(stream) || rename(file->temporary, file->path)) {
    fail_writing(file, error);
    unlink(file->temporary);
    release(file);
    return false;
  }
  flush_folder(file->path);
  release(file);
  return true;
}

void atomic_abandon(struct atomic_file *file) {
  if (!file->stream) return;
  fclose(file->stream);
  unlink(file->temporary);
  release(file);
}

bool atomic_write_file(const char *path, const void *bytes, size_t length, struct hrm_error *error) {
  struct atomic_file file;
  if (!atomic_open(&file, path, error)) return false;
  if (atomic_write(&file, bytes, length, error)) return atomic_commit(&file, error);
  atomic_abandon(&file);
  return false;
}

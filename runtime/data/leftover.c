#include "runtime/data/leftover.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MARK[] = "unfinished";

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where) {
  (void)status, (void)type, (void)where;
  (void)remove(path);
  return 0;
}

void remove_tree(const char *path) { nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

static bool open_folder(const char *path, int *folder) {
  *folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return *folder >= 0;
}

int leftover_mark(const char *path) {
  int folder;
  if (!open_folder(path, &folder)) return -1;
  int mark = openat(folder, "unlocked", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (mark >= 0 && (flock(mark, LOCK_EX | LOCK_NB) != 0 || renameat(folder, "unlocked", folder, MARK) != 0)) {
    unlinkat(folder, "unlocked", 0);
    close(mark);
    mark = -1;
  }
  close(folder);
  return mark;
}

void leftover_unmark(const char *path, int mark) {
  int folder;
  if (mark < 0 || !open_folder(path, &folder)) return;
  unlinkat(folder, MARK, 0);
  close(folder);
}

static bool is_left(int mark) {
  struct stat status;
  return mark >= 0 && flock(mark, LOCK_EX | LOCK_NB) == 0 && fstat(mark, &status) == 0 && status.st_nlink > 0;
}

static void remove_if_left(const char *path) {
  int folder;
  if (!open_folder(path, &folder)) return;
  int mark = openat(folder, MARK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (is_left(mark)) remove_tree(path);
  if (mark >= 0) close(mark);
  close(folder);
}

/* Whether a name is that of a temporary folder of `base`. */
static bool is_temporary(const char *name, const char *base) {
  size_t length = strlen(base);
  return !strncmp(name, base, length) && !strncmp(name + length, ".tmp.", 5) && strlen(name + length) == 11;
}

void leftover_remove(const char *path) {
  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  char *parent = strndup(path, (size_t)(base - path)), *name;
  DIR *folder = parent ? opendir(*parent ? parent : ".") : NULL;
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    if (!is_temporary(entry->d_name, base) || asprintf(&name, "%s%s", parent, entry->d_name) < 0) continue;
    remove_if_left(name);
    free(name);
  }
  if (folder) closedir(folder);
  free(parent);
}

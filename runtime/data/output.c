#include "runtime/data/output.h"

#include "runtime/data/leftover.h"
#include "runtime/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool out_of_memory(struct hrm_error *error) { return hrm_fail(error, HRM_SYSTEM, "out of memory"); }

/* ---- What is a data set ---- */

typedef bool name_test(const char *name);

static bool is_array_or_json(const char *name) { return ends_in(name, ".npy") || ends_in(name, ".json"); }

static bool is_part_of_data_set(const char *name) {
  return !strcmp(name, "train") || !strcmp(name, "test") || !strcmp(name, "identifiers.json");
}

/* Whether all names in a folder pass; an unreadable folder does not. */
static bool holds_only(const char *path, name_test *passes) {
  DIR *folder = opendir(path);
  if (!folder) return false;
  bool ok = true;
  for (struct dirent *entry; ok && (entry = readdir(folder));)
    ok = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || passes(entry->d_name);
  closedir(folder);
  return ok;
}

static bool is_split(const char *path, const char *split) {
  char *inner;
  if (asprintf(&inner, "%s/%s", path, split) < 0) return false;
  bool ok = access(inner, F_OK) || holds_only(inner, is_array_or_json);
  free(inner);
  return ok;
}

static bool is_data_set(const char *path) {
  return holds_only(path, is_part_of_data_set) && is_split(path, "train") && is_split(path, "test");
}

/* ---- Making and removing ---- */

static void release(struct output *output) {
  if (output->mark >= 0) close(output->mark);
  free(output->path);
  free(output->temporary);
  *output = OUTPUT_NONE;
}

static char *without_slashes(const char *path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  return strndup(path, length);
}

static bool make_parents(char *path, struct hrm_error *error) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    bool ok = mkdir(path, 0777) == 0 || errno == EEXIST;
    if (!ok) hrm_fail(error, HRM_SYSTEM, "%s: cannot create: %s", path, strerror(errno));
    *slash = '/';
    if (!ok) return false;
  }
  return true;
}

static bool check_free(const char *path, bool force, struct hrm_error *error) {
  struct stat status;
  if (lstat(path, &status)) return true;
  if (!force) return hrm_fail(error, HRM_INPUT, "%s: exists already; --force replaces it", path);
  return is_data_set(path) || hrm_fail(error, HRM_INPUT, "%s: holds more than a data set; it is not replaced", path);
}

static bool make_temporary(struct output *output, struct hrm_error *error) {
  if (asprintf(&output->temporary, "%s.tmp.XXXXXX", output->path) < 0) {
    output->temporary = NULL;
    return out_of_memory(error);
  }
  if (!mkdtemp(output->temporary))
    return hrm_fail(error, HRM_SYSTEM, "%s: cannot create: %s", output->path, strerror(errno));
  mode_t mask = umask(0);
  umask(mask);
  (void)!chmod(output->temporary, 0777 & ~mask);
  output->mark = leftover_mark(output->temporary);
  return true;
}

bool output_create(struct output *output, const char *path, bool force, struct hrm_error *error) {
  *output = OUTPUT_NONE;
  output->path = without_slashes(path);
  if (!output->path) return out_of_memory(error);
  if (check_free(output->path, force, error) && make_parents(output->path, error)) {
    leftover_remove(output->path);
    if (make_temporary(output, error)) return true;
  }
  release(output);
  return false;
}

/* Exchanges the names, so that at no time there is neither the old data set nor the new. */
static bool replace(const struct output *output) {
  return renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path, RENAME_EXCHANGE) == 0;
}

bool output_commit(struct output *output, struct hrm_error *error) {
  leftover_unmark(output->temporary, output->mark);
  bool ok = renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path, RENAME_NOREPLACE) == 0;
  if (!ok && errno == EEXIST)
    ok = is_data_set(output->path) && replace(output);
  else if (!ok && errno == EINVAL)
    ok = rename(output->temporary, output->path) == 0;
  else if (ok)
    return release(output), true;
  if (!ok) hrm_fail(error, HRM_SYSTEM, "%s: cannot put the data set in place: %s", output->path, strerror(errno));
  output_abandon(output);
  return ok;
}

void output_abandon(struct output *output) {
  if (output->temporary) remove_tree(output->temporary);
  release(output);
}

/* ---- identifiers.json ---- */

bool identifiers_begin(struct identifiers_writer *writer, const char *folder, struct hrm_error *error) {
  char *path;
  *writer = (struct identifiers_writer){.folder = folder};
  if (asprintf(&path, "%s/identifiers.json", folder) < 0) return out_of_memory(error);
  bool ok = atomic_open(&writer->file, path, error);
  free(path);
  return ok && atomic_write(&writer->file, "[", 1, error) && identifiers_add(writer, "<blank>", error);
}

bool identifiers_add(struct identifiers_writer *writer, const char *name, struct hrm_error *error) {
  json_t *string = json_string(name);
  char *text = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
  bool ok = text ? (writer->count == 0 || atomic_write(&writer->file, ", ", 2, error)) &&
                       atomic_write(&writer->file, text, strlen(text), error)
                 : hrm_fail(error, HRM_INPUT, "the name of a task is not UTF-8: %s", name);
  writer->count++;
  free(text);
  json_decref(string);
  return ok;
}

bool identifiers_finish(struct identifiers_writer *writer, struct hrm_error *error) {
  if (atomic_write(&writer->file, "]", 1, error)) return atomic_commit(&writer->file, error);
  identifiers_abandon(writer);
  return false;
}

void identifiers_abandon(struct identifiers_writer *writer) { atomic_abandon(&writer->file); }

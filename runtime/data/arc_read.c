/* Files and folders of tasks. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/data/arc_tasks.h"
#include "runtime/text.h"

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* ---- Texts ---- */

static bool fail_reading(const char *path, struct hrm_error *error) {
  return hrm_fail(error, HRM_INPUT, "%s: %s", path, strerror(errno));
}

static bool read_stream(FILE *file, const char *path, char **text, size_t *length, struct hrm_error *error) {
  enum { BLOCK = 1 << 16 };
  for (size_t got = BLOCK; got == BLOCK; *length += got) {
    char *larger = realloc(*text, *length + BLOCK + 1);
    if (!larger) return hrm_fail(error, HRM_SYSTEM, "out of memory");
    *text = larger;
    got = fread(*text + *length, 1, BLOCK, file);
  }
  (*text)[*length] = 0;
  return !ferror(file) || fail_reading(path, error);
}

/* Reads a file; the text is the caller's to free, also on failure. */
static bool read_text(const char *path, char **text, size_t *length, struct hrm_error *error) {
  *text = NULL;
  *length = 0;
  FILE *file = fopen(path, "rb");
  if (!file) return fail_reading(path, error);
  bool ok = read_stream(file, path, text, length, error);
  fclose(file);
  return ok;
}

/* ---- Files ---- */

/* The file of solutions beside a file of challenges; NULL where there is none. */
static char *find_solutions(const char *path) {
  static const char challenges[] = "_challenges.json";
  char *solutions;
  if (!ends_in(path, challenges)) return NULL;
  int length = (int)(strlen(path) - strlen(challenges));
  if (asprintf(&solutions, "%.*s_solutions.json", length, path) < 0) return NULL;
  if (access(solutions, F_OK) == 0) return solutions;
  free(solutions);
  return NULL;
}

static bool is_for_testing(const char *path) {
  const char *name = last_part(path);
  return ends_in(name, "_challenges.json") && (strstr(name, "evaluation") || strstr(name, "test"));
}

static bool read_file(struct arc_tasks *tasks, const char *path, bool for_testing, struct hrm_error *error) {
  struct arc_text task = {.path = path}, solutions = {.path = find_solutions(path)};
  char *text = NULL, *solution_text = NULL;
  bool ok = read_text(path, &text, &task.length, error) &&
            (!solutions.path || read_text(solutions.path, &solution_text, &solutions.length, error));
  task.text = text;
  solutions.text = solution_text;
  ok = ok &&
       arc_tasks_parse(tasks, &task, solutions.path ? &solutions : NULL, for_testing || is_for_testing(path), error);
  free(text);
  free(solution_text);
  free((char *)(uintptr_t)solutions.path);
  return ok;
}

/* ---- Folders ---- */

enum { MAX_DEPTH = 8 };

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static bool read_any(struct arc_tasks *tasks, const char *path, bool named, int depth, bool for_testing,
                     struct hrm_error *error);

/* The prize's folder has a file that shows the form of answers beside those of challenges. */
static bool is_form_of_answers(const char *name, struct dirent *const *entries, int count) {
  if (strcmp(name, "sample_submission.json")) return false;
  for (int i = 0; i < count; i++)
    if (ends_in(entries[i]->d_name, "_challenges.json")) return true;
  return false;
}

static bool read_entry(struct arc_tasks *tasks, const char *path, const char *name, int depth, bool for_testing,
                       struct hrm_error *error) {
  char *inner;
  if (asprintf(&inner, "%s/%s", path, name) < 0) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  bool ok = read_any(tasks, inner, false, depth + 1, for_testing, error);
  free(inner);
  return ok;
}

static bool read_folder(struct arc_tasks *tasks, const char *path, int depth, struct hrm_error *error) {
  struct dirent **entries;
  int count = scandir(path, &entries, is_visible, alphasort);
  if (count < 0) return fail_reading(path, error);
  bool ok = true, for_testing = !strcmp(last_part(path), "evaluation");
  for (int i = 0; ok && i < count; i++)
    if (!is_form_of_answers(entries[i]->d_name, entries, count))
      ok = read_entry(tasks, path, entries[i]->d_name, depth, for_testing, error);
  for (int i = 0; i < count; i++) free(entries[i]);
  free(entries);
  return ok;
}

/* Of what lies in a folder only .json files are tasks, and solutions are read with their challenges. */
static bool is_task_file(const char *path) { return ends_in(path, ".json") && !ends_in(path, "_solutions.json"); }

static bool read_any(struct arc_tasks *tasks, const char *path, bool named, int depth, bool for_testing,
                     struct hrm_error *error) {
  struct stat status;
  if (stat(path, &status)) return fail_reading(path, error);
  if (S_ISDIR(status.st_mode)) return depth > MAX_DEPTH || read_folder(tasks, path, depth, error);
  return !(named || is_task_file(path)) || read_file(tasks, path, for_testing, error);
}

bool arc_tasks_read(struct arc_tasks *tasks, const char *path, struct hrm_error *error) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  char *plain = strndup(path, length);
  if (!plain) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  bool ok = read_any(tasks, plain, true, 0, false, error);
  free(plain);
  return ok;
}

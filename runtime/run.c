#include "runtime/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/atomic_file.h"
#include "runtime/text.h"

static const char *const metrics_name = "metrics.jsonl";
static const char *const latest_name = "latest";

static char *joined(const char *folder, const char *name) {
  char *path;
  return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static bool system_error(struct hrm_error *error, const char *path, const char *what) {
  return hrm_fail(error, HRM_SYSTEM, "%s: %s: %s", path, what, strerror(errno));
}

static bool out_of_memory(struct hrm_error *error) { return hrm_fail(error, HRM_SYSTEM, "out of memory"); }

static bool lock_metrics(struct run_folder *run, int flags, struct hrm_error *error) {
  char *path = joined(run->path, metrics_name);
  if (!path) return out_of_memory(error);
  run->metrics = open(path, O_RDWR | O_APPEND | O_CLOEXEC | flags, 0666);
  bool opened = run->metrics >= 0;
  if (!opened && errno == ENOENT)
    hrm_fail(error, HRM_INPUT, "%s: not the folder of a run: it has no %s", run->path, metrics_name);
  else if (!opened)
    system_error(error, path, "cannot be opened");
  free(path);
  if (!opened) return false;
  if (flock(run->metrics, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) return system_error(error, run->path, "cannot be locked");
  return hrm_fail(error, HRM_INPUT,
                  "%s: in use: another process is training there; wait for it or choose another --output", run->path);
}

/* Calls visit for each entry but "." and ".." until it returns false; returns whether all were visited. */
static bool each_entry(const char *path, bool (*visit)(void *context, const char *name), void *context) {
  DIR *folder = opendir(path);
  bool more = folder != NULL;
  for (struct dirent *entry; more && (entry = readdir(folder));) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) more = visit(context, entry->d_name);
  }
  if (folder) closedir(folder);
  return more;
}

static bool is_metrics(void *context, const char *name) {
  (void)context;
  return strcmp(name, metrics_name) == 0;
}

/* The lock's own file is there already; a run that failed before its first line leaves it empty. */
static bool check_empty(const struct run_folder *run, struct hrm_error *error) {
  struct stat status;
  bool empty = each_entry(run->path, is_metrics, NULL) && fstat(run->metrics, &status) == 0 && status.st_size == 0;
  return empty || hrm_fail(error, HRM_INPUT, "%s: not empty; choose another --output, or go on with --resume %s",
                           run->path, run->path);
}

static bool check_has_no_others(const struct run_folder *run, struct hrm_error *error) {
  if (each_entry(run->path, is_metrics, NULL)) return true;
  char *path = joined(run->path, metrics_name);
  bool is_run = path && access(path, F_OK) == 0;
  free(path);
  return is_run || hrm_fail(error, HRM_INPUT, "%s: not empty; choose another --output", run->path);
}

static bool finish_open(struct run_folder *run, bool opened) {
  if (!opened) run_close(run);
  return opened;
}

bool run_create(struct run_folder *run, const char *path, struct hrm_error *error) {
  *run = (struct run_folder){.path = strdup(path), .metrics = -1};
  if (!run->path) return out_of_memory(error);
  bool made = mkdir(path, 0777) == 0 || errno == EEXIST || system_error(error, path, "cannot be made");
  return finish_open(run, made && check_has_no_others(run, error) && lock_metrics(run, O_CREAT, error) &&
                              check_empty(run, error));
}

static bool remove_temporary(void *context, const char *name) {
  if (!ends_in(name, ".tmp")) return true;
  char *path = joined(context, name);
  if (path) unlink(path);
  free(path);
  return true;
}

bool run_open(struct run_folder *run, const char *path, struct hrm_error *error) {
  *run = (struct run_folder){.path = strdup(path), .metrics = -1};
  if (!run->path) return out_of_memory(error);
  if (!finish_open(run, lock_metrics(run, 0, error))) return false;
  each_entry(path, remove_temporary, run->path);
  return true;
}

static bool remove_file(void *context, const char *name) {
  char *path = joined(context, name);
  bool removed = path && unlink(path) == 0;
  free(path);
  return removed;
}

static bool discard(struct run_folder *run, struct hrm_error *error) {
  if (!lock_metrics(run, O_CREAT, error)) return false;
  char *latest = joined(run->path, latest_name);
  bool unbegun = latest && access(latest, F_OK) != 0;
  free(latest);
  return (unbegun && each_entry(run->path, remove_file, run->path) && rmdir(run->path) == 0) ||
         system_error(error, run->path, "cannot be removed");
}

bool run_discard(const char *path, struct hrm_error *error) {
  struct run_folder run = {.path = strdup(path), .metrics = -1};
  bool discarded = run.path ? access(path, F_OK) != 0 || discard(&run, error) : out_of_memory(error);
  run_close(&run);
  return discarded;
}

void run_close(struct run_folder *run) {
  if (run->metrics >= 0) close(run->metrics);
  free(run->path);
  *run = (struct run_folder){.metrics = -1};
}

static bool write_text(const struct run_folder *run, const char *name, const char *text, struct hrm_error *error) {
  char *path = joined(run->path, name);
  bool written = path ? atomic_write_file(path, text, strlen(text), error) : out_of_memory(error);
  free(path);
  return written;
}

bool run_write_settings(const struct run_folder *run, const json_t *settings, struct hrm_error *error) {
  char *text = json_dumps(settings, JSON_INDENT(2));
  bool written = text ? write_text(run, "settings.json", text, error) : out_of_memory(error);
  free(text);
  return written;
}

bool run_write_source(const struct run_folder *run, const char *source, struct hrm_error *error) {
  return write_text(run, "model.hrm", source, error);
}

json_t *run_read_settings(const char *path, struct hrm_error *error) {
  char *file = joined(path, "settings.json");
  json_error_t e;
  json_t *json = file ? json_load_file(file, JSON_REJECT_DUPLICATES, &e) : NULL;
  if (!file)
    out_of_memory(error);
  else if (!json && json_error_code(&e) == json_error_cannot_open_file)
    hrm_fail(error, HRM_INPUT, "%s: not the folder of a run: it has no settings.json that can be read", path);
  else if (!json)
    hrm_fail(error, HRM_INPUT, "%s: not the settings of a run: %s", file, e.text);
  free(file);
  return json;
}

bool run_append_metrics(const struct run_folder *run, const json_t *object, struct hrm_error *error) {
  char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9)), *line;
  bool formed = text && asprintf(&line, "%s\n", text) >= 0;
  free(text);
  if (!formed) return out_of_memory(error);
  size_t length = strlen(line);
  ssize_t written = write(run->metrics, line, length);
  if (written >= 0 && (size_t)written < length) errno = ENOSPC;
  free(line);
  return (written >= 0 && (size_t)written == length) || system_error(error, run->path, "cannot write metrics.jsonl");
}

/* Whether a line is to be kept; if so it becomes history. */
static bool keep_line(const char *line, size_t length, int64_t step, struct run_history *history) {
  json_t *json = length && line[length - 1] == '\n' ? json_loadb(line, length, 0, NULL) : NULL;
  const json_t *at = json_object_get(json, "step"), *seconds = json_object_get(json, "seconds");
  bool kept = json_is_integer(at) && json_integer_value(at) <= step;
  if (kept && json_object_get(json, "sets")) history->evaluated = json_integer_value(at);
  if (kept && json_is_number(seconds)) history->seconds = json_number_value(seconds);
  json_decref(json);
  return kept;
}

bool run_truncate_metrics(const struct run_folder *run, int64_t step, struct run_history *history,
                          struct hrm_error *error) {
  int copy = dup(run->metrics);
  FILE *stream = copy >= 0 ? fdopen(copy, "r") : NULL;
  if (!stream) return system_error(error, run->path, "cannot read metrics.jsonl");
  rewind(stream);
  *history = (struct run_history){.evaluated = -1};
  char *line = NULL;
  size_t capacity = 0;
  off_t kept = 0;
  for (ssize_t length; (length = getline(&line, &capacity, stream)) > 0; kept += length) {
    if (!keep_line(line, (size_t)length, step, history)) break;
  }
  free(line);
  fclose(stream);
  return ftruncate(run->metrics, kept) == 0 || system_error(error, run->path, "cannot shorten metrics.jsonl");
}

static char *checkpoint_name(int64_t step) {
  char *name;
  return asprintf(&name, "step_%lld.safetensors", (long long)step) < 0 ? NULL : name;
}

char *run_checkpoint_path(const struct run_folder *run, int64_t step) {
  char *name = checkpoint_name(step), *path = name ? joined(run->path, name) : NULL;
  free(name);
  return path;
}

/* A link cannot be replaced in place, but another can be renamed over it. */
static bool replace_link(const char *path, const char *target) {
  char *temporary;
  if (asprintf(&temporary, "%s.tmp", path) < 0) return false;
  unlink(temporary);
  bool replaced = symlink(target, temporary) == 0 && rename(temporary, path) == 0;
  free(temporary);
  return replaced;
}

/* Steps of the checkpoints in a folder up to `last`. */
struct step_list {
  int64_t last;
  int64_t *steps;
  size_t count;
};

static bool collect_step(void *context, const char *name) {
  struct step_list *list = context;
  long long step;
  int end = 0;
  if (sscanf(name, "step_%lld.safetensors%n", &step, &end) != 1 || end == 0 || name[end]) return true;
  if (step > list->last) return true;
  int64_t *grown = realloc(list->steps, (list->count + 1) * sizeof *grown);
  if (!grown) return false;
  list->steps = grown;
  list->steps[list->count++] = step;
  return true;
}

static int newest_first(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x < y) - (x > y);
}

/* Files that cannot be removed only cost room. */
void run_withdraw(const struct run_folder *run, int64_t step) {
  char *path = run_checkpoint_path(run, step);
  if (path) unlink(path);
  free(path);
}

static void remove_old(const struct run_folder *run, int64_t step, int64_t keep) {
  struct step_list list = {.last = step};
  if (each_entry(run->path, collect_step, &list) && list.count) {
    qsort(list.steps, list.count, sizeof *list.steps, newest_first);
    for (size_t i = (size_t)keep; i < list.count; i++) { run_withdraw(run, list.steps[i]); }
  }
  free(list.steps);
}

bool run_publish(const struct run_folder *run, int64_t step, int64_t keep, struct hrm_error *error) {
  char *name = checkpoint_name(step), *path = joined(run->path, latest_name);
  bool replaced = name && path && replace_link(path, name);
  if (!replaced) system_error(error, run->path, "cannot replace the link 'latest'");
  free(name);
  free(path);
  if (replaced && keep > 0) remove_old(run, step, keep);
  return replaced;
}

char *run_resolve_checkpoint(const char *path, struct hrm_error *error) {
  struct stat status;
  if (stat(path, &status) != 0) {
    hrm_fail(error, errno == ENOENT ? HRM_INPUT : HRM_SYSTEM, "%s: %s", path, strerror(errno));
    return NULL;
  }
  char *file = S_ISDIR(status.st_mode) ? joined(path, latest_name) : strdup(path);
  if (!file) {
    out_of_memory(error);
  } else if (access(file, F_OK) != 0) {
    hrm_fail(error, HRM_INPUT, "%s: a folder without checkpoint '%s'", path, latest_name);
    free(file);
    return NULL;
  }
  return file;
}

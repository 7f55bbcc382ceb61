#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/data/arc_tasks.h"
#include "runtime/data/json_line.h"
#include "runtime/text.h"

enum { MAX_STEPS = 6 };

/* Where the reader is in a text. */
struct place {
  const struct arc_text *text;
  const char *task; /* of a file of several; else NULL */
  struct json_step path[MAX_STEPS];
  int steps;
  struct hrm_error *error;
};

static struct place into_key(const struct place *at, const char *key) {
  struct place inner = *at;
  inner.path[inner.steps++] = (struct json_step){.key = key};
  return inner;
}

static struct place into_element(const struct place *at, size_t index) {
  struct place inner = *at;
  inner.path[inner.steps++] = (struct json_step){.index = index};
  return inner;
}

/* FILE:LINE: train[1].input: MESSAGE */
__attribute__((format(printf, 2, 3))) static bool fail(const struct place *at, const char *format, ...) {
  char message[256], where[256] = "";
  size_t used = 0;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  for (int i = 0; i < at->steps && used < sizeof where; i++) {
    const struct json_step *step = &at->path[i];
    int n = step->key ? snprintf(where + used, sizeof where - used, "%s%s", i ? "." : "", step->key)
                      : snprintf(where + used, sizeof where - used, "[%zu]", step->index);
    used += (size_t)n;
  }
  return hrm_fail(at->error, HRM_INPUT, "%s:%d: %s%s%s", at->text->path,
                  json_line(at->text->text, at->path, at->steps), where, *where ? ": " : "", message);
}

/* ---- Grids ---- */

static bool read_row(const struct place *at, const json_t *row, struct arc_grid *grid, size_t number) {
  struct place here = into_element(at, number);
  if (!json_is_array(row)) return fail(&here, "a row is not a list");
  size_t columns = json_array_size(row);
  if (columns < 1 || columns > ARC_SIDE)
    return fail(&here, "%zu column%s; a grid has 1 to %d", columns, plural((int64_t)columns), ARC_SIDE);
  if (number == 0) grid->columns = (int)columns;
  if ((int)columns != grid->columns)
    return fail(&here, "%zu column%s; the first row has %d", columns, plural((int64_t)columns), grid->columns);
  for (size_t c = 0; c < columns; c++) {
    const json_t *cell = json_array_get(row, c);
    json_int_t colour = json_integer_value(cell);
    if (!json_is_integer(cell) || colour < 0 || colour >= ARC_COLOURS)
      return fail(&here, "column %zu is not a colour, 0 to %d", c, ARC_COLOURS - 1);
    grid->cells[number * columns + c] = (uint8_t)colour;
  }
  return true;
}

static bool read_grid(const struct place *at, const json_t *rows, struct arc_grid *grid) {
  size_t count = json_array_size(rows);
  *grid = (struct arc_grid){0};
  if (!json_is_array(rows)) return fail(at, "a grid, a list of rows, is expected");
  if (count < 1 || count > ARC_SIDE) return fail(at, "%zu rows; a grid has 1 to %d", count, ARC_SIDE);
  for (size_t r = 0; r < count; r++)
    if (!read_row(at, json_array_get(rows, r), grid, r)) return false;
  grid->rows = (int)count;
  return true;
}

/* ---- Tasks ---- */

/* Solutions of a task, where they stand in a file of their own. */
struct solutions {
  const json_t *list; /* NULL: none of this task */
  struct place at;    /* without a text: there is no such file */
};

static bool read_output(const struct place *at, const json_t *pair, size_t number, const struct solutions *solutions,
                        struct arc_pair *result) {
  const json_t *output = json_object_get(pair, "output");
  struct place here = into_key(at, "output");
  if (result->is_test && !output && solutions->at.text) {
    here = into_element(&solutions->at, number);
    if (!solutions->list) return fail(&solutions->at, "the solutions of this task are missing");
    output = json_array_get(solutions->list, number);
    if (!output) return fail(&here, "the solution of test input %zu is missing", number);
  }
  result->has_output = output;
  if (!output && !result->is_test) return fail(at, "\"output\" is missing");
  return !output || read_grid(&here, output, &result->output);
}

static bool read_pair(const struct place *at, const json_t *pair, size_t number, const struct solutions *solutions,
                      struct arc_pair *result) {
  if (!json_is_object(pair)) return fail(at, "a pair of \"input\" and \"output\" is expected");
  const json_t *input = json_object_get(pair, "input");
  struct place here = into_key(at, "input");
  if (!input) return fail(at, "\"input\" is missing");
  return read_grid(&here, input, &result->input) && read_output(at, pair, number, solutions, result);
}

static bool read_pairs(const struct place *at, const json_t *task, const char *key, const struct solutions *solutions,
                       struct arc_task *result) {
  const json_t *list = json_object_get(task, key);
  struct place here = into_key(at, key);
  if (!json_is_array(list) || json_array_size(list) == 0)
    return fail(&here, "the task has no list \"%s\" of pairs", key);
  if (json_array_size(list) > ARC_MAX_PAIRS)
    return fail(&here, "%zu pairs; at most %d are supported", json_array_size(list), ARC_MAX_PAIRS);
  for (size_t i = 0; i < json_array_size(list); i++) {
    struct place inner = into_element(&here, i);
    struct arc_pair *pair = &result->pair[result->pairs++];
    pair->is_test = !strcmp(key, "test");
    if (!read_pair(&inner, json_array_get(list, i), i, solutions, pair)) return false;
  }
  return true;
}

static bool check_solutions(const struct solutions *solutions, const json_t *task) {
  size_t count = json_array_size(solutions->list), inputs = json_array_size(json_object_get(task, "test"));
  return count <= inputs ||
         fail(&solutions->at, "%zu solutions; the task has %zu test input%s", count, inputs, plural((int64_t)inputs));
}

static bool read_task(const struct place *at, const json_t *json, const struct solutions *solutions,
                      struct arc_task *task) {
  if (!json_is_object(json)) return fail(at, "a task, an object of \"train\" and \"test\", is expected");
  size_t most = json_array_size(json_object_get(json, "train")) + json_array_size(json_object_get(json, "test"));
  task->pair = calloc(most < 2 * ARC_MAX_PAIRS ? most + 1 : 2 * ARC_MAX_PAIRS, sizeof *task->pair);
  if (!task->pair) return hrm_fail(at->error, HRM_SYSTEM, "out of memory");
  return read_pairs(at, json, "train", solutions, task) && read_pairs(at, json, "test", solutions, task) &&
         check_solutions(solutions, json);
}

void arc_task_free(struct arc_task *task) {
  free(task->name);
  free(task->file);
  free(task->pair);
}

void arc_tasks_free(struct arc_tasks *tasks) {
  for (int64_t i = 0; i < tasks->count; i++) arc_task_free(&tasks->task[i]);
  free(tasks->task);
  *tasks = (struct arc_tasks){0};
}

/* ---- Collecting ---- */

/* Takes note of something bad; false where that is the end. */
static bool leave_out(struct arc_tasks *tasks, const struct hrm_error *error) {
  if (!tasks->skip_bad || error->code != HRM_INPUT) return false;
  if (tasks->bad++ == 0) tasks->why = *error;
  return true;
}

static bool keep(struct arc_tasks *tasks, const struct arc_task *task) {
  if (tasks->count == tasks->capacity) {
    int64_t capacity = tasks->capacity ? 2 * tasks->capacity : 256;
    struct arc_task *larger = realloc(tasks->task, (size_t)capacity * sizeof *larger);
    if (!larger) return false;
    tasks->task = larger;
    tasks->capacity = capacity;
  }
  tasks->task[tasks->count++] = *task;
  return true;
}

/* Colons and blanks stay, but a name becomes part of a name of tokens and files. */
static bool is_name(const char *name) { return *name && !strchr(name, '/') && strlen(name) < 256; }

static bool add_task(struct arc_tasks *tasks, const struct place *at, const char *name, const json_t *json,
                     const struct solutions *solutions, bool for_testing) {
  struct arc_task task = {.name = strdup(name), .file = strdup(at->text->path), .for_testing = for_testing};
  bool ok = (task.name && task.file) || hrm_fail(at->error, HRM_SYSTEM, "out of memory");
  ok = ok && (is_name(name) || fail(at, "the task's name is empty, too long or has a slash"));
  ok = ok && read_task(at, json, solutions, &task);
  if (ok && keep(tasks, &task)) return true;
  if (ok) hrm_fail(at->error, HRM_SYSTEM, "out of memory");
  arc_task_free(&task);
  return !ok && leave_out(tasks, at->error);
}

static json_t *load(const struct arc_text *text, struct hrm_error *error) {
  json_error_t where;
  json_t *json = json_loadb(text->text, text->length, JSON_REJECT_DUPLICATES, &where);
  if (!json)
    hrm_fail(error, HRM_INPUT, "%s:%d: malformed JSON: %s", text->path, where.line < 1 ? 1 : where.line, where.text);
  return json;
}

/* The file's name without folder and ".json". */
static char *stem(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  size_t length = strlen(name);
  if (length > 5 && !strcmp(name + length - 5, ".json")) length -= 5;
  return strndup(name, length);
}

static bool add_single(struct arc_tasks *tasks, const struct place *at, const json_t *json, bool for_testing) {
  struct solutions none = {0};
  char *name = stem(at->text->path);
  bool ok =
      name ? add_task(tasks, at, name, json, &none, for_testing) : hrm_fail(at->error, HRM_SYSTEM, "out of memory");
  free(name);
  return ok;
}

static bool add_several(struct arc_tasks *tasks, const struct place *at, json_t *json, const struct place *solved,
                        json_t *solutions, bool for_testing) {
  const char *name;
  json_t *task;
  json_object_foreach(json, name, task) {
    struct place here = into_key(at, name);
    struct solutions own = {.list = json_object_get(solutions, name), .at = into_key(solved, name)};
    if (!add_task(tasks, &here, name, task, &own, for_testing)) return false;
  }
  return true;
}

static bool is_task(const json_t *json) {
  return !json_is_object(json) || json_object_get(json, "train") || json_object_get(json, "test") ||
         json_object_size(json) == 0;
}

bool arc_tasks_parse(struct arc_tasks *tasks, const struct arc_text *text, const struct arc_text *solutions,
                     bool for_testing, struct hrm_error *error) {
  struct place at = {.text = text, .error = error}, solved = {.text = solutions, .error = error};
  json_t *json = load(text, error), *solution_json = json && solutions ? load(solutions, error) : NULL;
  bool ok = json && (!solutions || solution_json);
  if (!ok)
    ok = leave_out(tasks, error);
  else if (is_task(json))
    ok = add_single(tasks, &at, json, for_testing);
  else
    ok = add_several(tasks, &at, json, &solved, solution_json, for_testing);
  json_decref(json);
  json_decref(solution_json);
  return ok;
}

/* ---- Order ---- */

static int by_name(const void *left, const void *right) {
  const struct arc_task *a = left, *b = right;
  int order = strcmp(a->name, b->name);
  return order ? order : strcmp(a->file, b->file);
}

bool arc_tasks_sort(struct arc_tasks *tasks, struct hrm_error *error) {
  int64_t kept = 0;
  if (tasks->count) qsort(tasks->task, (size_t)tasks->count, sizeof *tasks->task, by_name);
  bool ok = true;
  for (int64_t i = 0; i < tasks->count; i++) {
    struct arc_task *task = &tasks->task[i];
    if (ok && kept > 0 && !strcmp(task->name, tasks->task[kept - 1].name)) {
      hrm_fail(error, HRM_INPUT,
               "%s:1: a task %s is in %s too; name the sources that you want, or leave out the second "
               "by --skip-bad",
               task->file, task->name, tasks->task[kept - 1].file);
      ok = leave_out(tasks, error);
      arc_task_free(task);
    } else {
      tasks->task[kept++] = *task;
    }
  }
  tasks->count = kept;
  return ok;
}

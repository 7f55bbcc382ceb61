#include "runtime/run_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_kept(const json_t *line, int64_t number, int64_t every) {
  return json_object_get(line, "sets") || number % every == 0;
}

static bool read_lines(FILE *file, const char *path, int64_t every, json_t *lines, struct hrm_error *error) {
  char *text = NULL;
  size_t room = 0;
  bool good = true;
  for (int64_t number = 0; good && getline(&text, &room, file) > 0; number++) {
    json_error_t wrong;
    json_t *line = json_loads(text, 0, &wrong);
    bool cut = !line && !strchr(text, '\n'); /* by an interrupt: train drops it when it goes on */
    good = json_is_object(line) || cut;
    if (!good)
      hrm_fail(error, HRM_INPUT, "%s:%lld: not an object of JSON: %s", path, (long long)number + 1, wrong.text);
    if (good && line && is_kept(line, number, every)) json_array_append(lines, line);
    json_decref(line);
  }
  free(text);
  return good;
}

static int64_t count_lines(FILE *file) {
  int64_t count = 0;
  for (int c; (c = getc(file)) != EOF;) count += c == '\n';
  rewind(file);
  return count;
}

json_t *run_lines(const char *run, int64_t most, struct hrm_error *error) {
  char *path = NULL;
  if (asprintf(&path, "%s/metrics.jsonl", run) < 0) {
    hrm_fail(error, HRM_SYSTEM, "out of memory");
    return NULL;
  }
  FILE *file = fopen(path, "r");
  json_t *lines = json_array();
  bool read = file ? read_lines(file, path, count_lines(file) / most + 1, lines, error)
                   : hrm_fail(error, HRM_INPUT, "%s: not the folder of a run: it has no metrics.jsonl", run);
  if (file) fclose(file);
  free(path);
  if (read) return lines;
  json_decref(lines);
  return NULL;
}

/* OUT plot: one page with the curves of training of some runs. */
#include "runtime/commands.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/page.h"

struct plot_options {
  const char *output;
  char **runs;
  int run_count;
};

enum { PLOT_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {PLOT_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct plot_options *o = state->input;
  switch (key) {
  case KEY_OUTPUT: o->output = arg; break;
  case ARGP_KEY_ARGS:
    o->runs = state->argv + state->next;
    o->run_count = state->argc - state->next;
    break;
  case ARGP_KEY_END:
    if (!o->output) argp_error(state, "--output is missing");
    if (!o->run_count) argp_error(state, "no run is given: name the folders that train wrote");
    break;
  default: return option_help(state, key);
  }
  return 0;
}

/* As many lines of training as a screen has columns for; evaluations are all kept. */
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

static bool read_run(const char *run, json_t *runs, struct hrm_error *error) {
  enum { MOST_LINES = 2000 };
  char *path = NULL;
  if (asprintf(&path, "%s/metrics.jsonl", run) < 0) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  FILE *file = fopen(path, "r");
  json_t *lines = json_array();
  bool read = file ? read_lines(file, path, count_lines(file) / MOST_LINES + 1, lines, error)
                   : hrm_fail(error, HRM_INPUT, "%s: not the folder of a run: it has no metrics.jsonl", run);
  if (file) fclose(file);
  free(path);
  json_t *entry = json_pack("{s:s, s:o}", "name", run, "lines", lines);
  if (read && !entry) read = hrm_fail(error, HRM_INPUT, "'%s': its name is no UTF-8", run);
  if (read) json_array_append(runs, entry);
  json_decref(entry);
  return read;
}

bool command_plot(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {
      option_table, parse_option, "RUN...", "Show the curves of training of some runs in one page.",
      NULL,         NULL,         NULL};
  struct plot_options o = {0};
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  json_t *runs = json_array();
  bool read = true;
  for (int i = 0; read && i < o.run_count; i++) read = read_run(o.runs[i], runs, error);
  if (!read) return json_decref(runs), false;
  return page_write(o.output, json_pack("{s:s, s:o}", "page", "plot", "runs", runs), error);
}

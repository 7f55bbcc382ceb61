/* OUT plot: one page with the curves of training of some runs. */
#include "runtime/commands.h"

#include "runtime/page.h"
#include "runtime/run_lines.h"

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
    option_require(state, KEY_OUTPUT, o->output);
    if (!o->run_count) argp_error(state, "no run is given: name the folders that train wrote");
    break;
  default: return option_help(state, key);
  }
  return 0;
}

static bool read_run(const char *run, json_t *runs, struct hrm_error *error) {
  enum { MOST_LINES = 2000 };
  json_t *lines = run_lines(run, MOST_LINES, error);
  if (!lines) return false;
  json_t *entry = json_pack("{s:s, s:o}", "name", run, "lines", lines);
  if (!entry) return hrm_fail(error, HRM_INPUT, "'%s': its name is no UTF-8", run);
  json_array_append_new(runs, entry);
  return true;
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

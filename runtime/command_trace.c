/* OUT trace: how the model comes to its answer for one example, in a page and in numbers. */
#include "runtime/commands.h"

#include "runtime/loaded_model.h"
#include "runtime/trace_report.h"

struct trace_options {
  const char *checkpoint, *data, *split;
  int64_t example, segments, threads;
  struct report_options report;
  struct checkpoint_use use;
};

enum { TRACE_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {TRACE_OPTIONS(OPTION_ARGP) OPTION_HELP};

static void check_options(struct argp_state *state, const struct trace_options *o) {
  option_require(state, KEY_CHECKPOINT, o->checkpoint);
  option_require(state, KEY_DATA, o->data);
  command_check_report(state, &o->report);
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct trace_options *o = state->input;
  switch (key) {
  case KEY_CHECKPOINT: o->checkpoint = arg; break;
  case KEY_DATA: o->data = arg; break;
  case KEY_SPLIT: o->split = arg; break;
  case KEY_EXAMPLE: o->example = option_integer(state, KEY_EXAMPLE, arg, 0, OPTION_ANY); break;
  case KEY_SEGMENTS: o->segments = option_integer(state, KEY_SEGMENTS, arg, 1, 1024); break;
  case KEY_OUTPUT: o->report.output = arg; break;
  case KEY_THREADS: o->threads = option_integer(state, KEY_THREADS, arg, 1, MOST_THREADS); break;
  case KEY_NO_EMA: o->use.averaged = false; break;
  case KEY_RESET_PUZZLE_TABLE: o->use.reset_tables = true; break;
  case KEY_JSON: o->report.json = true; break;
  case ARGP_KEY_END: check_options(state, o); break;
  default: return option_refuse(state, key, arg);
  }
  return 0;
}

/* Examples are counted through all sets of the split. */
static bool find_example(const struct dataset *dataset, int64_t number, struct example *out,
                         struct hrm_error *error) {
  int64_t first = 0;
  for (int i = 0; i < dataset->num_sets; i++) {
    const struct dataset_set *set = &dataset->sets[i];
    if (number - first < set->examples) {
      int64_t puzzle = dataset_puzzle_of_example(set, number - first);
      *out = (struct example){set, number - first, dataset_puzzle_identifier(set, puzzle)};
      return true;
    }
    first += set->examples;
  }
  return hrm_fail(error, HRM_INPUT, "%s: there is no example %lld: it has %lld, counted from 0", dataset->path,
                  (long long)number, (long long)first);
}

static bool show(const struct trace_options *o, struct tracing *t, const struct trace_request *request,
                 struct hrm_error *error) {
  struct lapack lapack;
  json_t *report = lapack_open(&lapack, error) ? trace_report(t, request, &lapack, error) : NULL;
  return report && command_show_report(&o->report, report, o->checkpoint, request->dataset->path, error);
}

static bool trace(const struct trace_options *o, const struct command_line *line, const struct dataset *dataset,
                  struct hrm_error *error) {
  const struct description *d = line->description;
  struct trace_request request = {dataset, {0}, o->segments ? o->segments : d->act.max_segments};
  struct loaded_model loaded;
  struct tracing t;
  if (!command_check_dataset(dataset, d, error) || !find_example(dataset, o->example, &request.example, error) ||
      !loaded_model_open(&loaded, line->code, d, o->checkpoint, o->use, (int)o->threads, 1, error))
    return false;
  bool done = tracing_open(&t, &loaded.model, error);
  if (done) {
    done = show(o, &t, &request, error);
    tracing_close(&t);
  }
  loaded_model_close(&loaded);
  return done;
}

bool command_trace(const struct command_line *line, struct hrm_error *error) {
  struct trace_options o = {.split = "test", .threads = option_default_threads(), .use = {.averaged = true}};
  static const struct argp parser = {
      option_table, parse_option, NULL, "Show how the model comes to its answer for one example.", NULL, NULL, NULL};
  struct dataset dataset;
  argp_parse(&parser, line->argc, line->argv, 0, NULL, &o);
  if (!dataset_open(&dataset, o.data, o.split, error)) return false;
  bool done = trace(&o, line, &dataset, error);
  dataset_close(&dataset);
  return done;
}

/* OUT analyse: what the levels of a model do on many examples, in a page and in numbers. */
#include "runtime/commands.h"

#include "runtime/analysis.h"
#include "runtime/loaded_model.h"

struct analyse_options {
  const char *checkpoint, *data, *split;
  int64_t examples, segments, max_segments, threads;
  struct report_options report;
  struct checkpoint_use use;
};

enum { ANALYSE_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {ANALYSE_OPTIONS(OPTION_ARGP) OPTION_HELP};

static void check_options(struct argp_state *state, const struct analyse_options *o) {
  option_require(state, KEY_CHECKPOINT, o->checkpoint);
  option_require(state, KEY_DATA, o->data);
  command_check_report(state, &o->report);
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct analyse_options *o = state->input;
  switch (key) {
  case KEY_CHECKPOINT: o->checkpoint = arg; break;
  case KEY_DATA: o->data = arg; break;
  case KEY_SPLIT: o->split = arg; break;
  case KEY_EXAMPLES: o->examples = option_integer(state, KEY_EXAMPLES, arg, 1, INT32_MAX); break;
  case KEY_SEGMENTS: o->segments = option_integer(state, KEY_SEGMENTS, arg, 1, 1024); break;
  case KEY_MAX_SEGMENTS: o->max_segments = option_integer(state, KEY_MAX_SEGMENTS, arg, 1, 65536); break;
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

static bool analyse(const struct analyse_options *o, struct model *trained, const struct dataset *dataset,
                    struct hrm_error *error) {
  const struct dataset_set *set = &dataset->sets[0];
  const struct description *d = trained->description;
  const struct analysis_request request = {.set = set,
                                           .examples = o->examples < set->examples ? o->examples : set->examples,
                                           .segments = o->segments ? o->segments : d->act.max_segments,
                                           .most_segments = o->max_segments};
  struct model untrained;
  struct lapack lapack;
  if (!lapack_open(&lapack, error) || !model_new(&untrained, trained->code, d, trained->threads, false, error))
    return false;
  model_initialize(&untrained, 0);
  model_prepare(&untrained);
  json_t *report = analysis_report(trained, &untrained, &request, &lapack, error);
  model_free(&untrained);
  return report && command_show_report(&o->report, report, o->checkpoint, dataset->path, error);
}

static bool run(const struct analyse_options *o, const struct command_line *line, const struct dataset *dataset,
                struct hrm_error *error) {
  struct loaded_model loaded;
  if (!command_check_dataset(dataset, line->description, error) ||
      !loaded_model_open(&loaded, line->code, line->description, o->checkpoint, o->use, (int)o->threads, 1, error))
    return false;
  bool done = analyse(o, &loaded.model, dataset, error);
  loaded_model_close(&loaded);
  return done;
}

bool command_analyse(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {
      option_table, parse_option, NULL, "Analyse what the levels of a model do on many examples.", NULL, NULL, NULL};
  struct analyse_options o = {.split = "test",
                              .examples = 64,
                              .max_segments = 64,
                              .threads = option_default_threads(),
                              .use = {.averaged = true}};
  struct dataset dataset;
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  if (!dataset_open(&dataset, o.data, o.split, error)) return false;
  bool done = run(&o, line, &dataset, error);
  dataset_close(&dataset);
  return done;
}

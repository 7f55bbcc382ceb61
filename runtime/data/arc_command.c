#include <stdlib.h>

#include "runtime/data/arc_sets.h"
#include "runtime/data/arguments.h"
#include "runtime/data/commands.h"
#include "runtime/text.h"

struct arguments {
  struct arc_options options;
  int64_t limit; /* tasks; 0: all */
  char **sources;
  int source_count;
  struct arc_counts counts;
};

enum { ARC_OWN_OPTIONS(OPTION_KEY) };

static const struct argp_option option_table[] = {ARC_OPTIONS(OPTION_ARGP) OPTION_HELP};

static void check_all(struct argp_state *state, const struct arguments *arguments) {
  check_output_options(state, &arguments->options.output);
  if (arguments->source_count == 0) argp_error(state, "a folder or a file of tasks is expected");
  if (arguments->options.augment > 100000)
    argp_failure(state, HRM_LIMITATION, 0, "--augment %lld: more than 100000 are not supported",
                 (long long)arguments->options.augment);
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  struct arguments *arguments = state->input;
  switch (key) {
  case KEY_AUGMENT: arguments->options.augment = option_integer(state, KEY_AUGMENT, text, 0, OPTION_ANY); break;
  case KEY_TASKS: arguments->limit = option_integer(state, KEY_TASKS, text, 0, OPTION_ANY); break;
  case ARGP_KEY_ARGS:
    arguments->sources = state->argv + state->next;
    arguments->source_count = state->argc - state->next;
    break;
  case ARGP_KEY_END: check_all(state, arguments); break;
  default: return parse_output_option(key, text, state, &arguments->options.output);
  }
  return 0;
}

/* ---- The data set ---- */

/* Keeps as many tasks as wanted, drawn at random, in their order. */
static void choose(struct arc_tasks *tasks, int64_t wanted, uint64_t seed) {
  struct draws draws = {.stream = stream_named(seed, "arc tasks", 0)};
  int64_t kept = 0, count = tasks->count;
  for (int64_t i = 0; i < count; i++) {
    struct arc_task task = tasks->task[i];
    tasks->task[i] = (struct arc_task){0};
    if (draw_below(&draws, (int)(count - i)) < wanted - kept)
      tasks->task[kept++] = task;
    else
      arc_task_free(&task);
  }
  tasks->count = kept;
}

static bool read_tasks(const struct arguments *arguments, struct arc_tasks *tasks, struct hrm_error *error) {
  for (int i = 0; i < arguments->source_count; i++)
    if (!arc_tasks_read(tasks, arguments->sources[i], error)) return false;
  if (!arc_tasks_sort(tasks, error)) return false;
  if (tasks->count == 0) return hrm_fail(error, HRM_INPUT, "%s: no tasks", arguments->sources[0]);
  if (arguments->limit && arguments->limit < tasks->count)
    choose(tasks, arguments->limit, arguments->options.output.seed);
  return true;
}

static void report(const struct arguments *arguments, const struct arc_tasks *tasks) {
  const struct arc_counts *counts = &arguments->counts;
  int64_t testing = 0;
  for (int64_t i = 0; i < tasks->count; i++) testing += tasks->task[i].for_testing;
  printf("%s: %lld task%s (%lld to test on); training: %lld puzzle%s, %lld example%s; test: %lld puzzle%s, %lld "
         "example%s; %lld identifier%s\n",
         arguments->options.output.path, (long long)tasks->count, plural(tasks->count), (long long)testing,
         (long long)counts->puzzles[0], plural(counts->puzzles[0]), (long long)counts->examples[0],
         plural(counts->examples[0]), (long long)counts->puzzles[1], plural(counts->puzzles[1]),
         (long long)counts->examples[1], plural(counts->examples[1]), (long long)counts->identifiers,
         plural(counts->identifiers));
}

static void report_bad(const struct arc_tasks *tasks) {
  if (tasks->bad == 0) return;
  fprintf(stderr, "hrm-data: left out %lld bad task%s; the first: %s\n", (long long)tasks->bad, plural(tasks->bad),
          tasks->why.text);
}

static bool make(void *context, struct hrm_error *error) {
  struct arguments *arguments = context;
  struct arc_tasks tasks = {.skip_bad = arguments->options.output.skip_bad};
  bool ok =
      read_tasks(arguments, &tasks, error) && arc_sets_make(&arguments->options, &tasks, &arguments->counts, error);
  report_bad(&tasks);
  if (ok) report(arguments, &tasks);
  arc_tasks_free(&tasks);
  return ok;
}

int arc_command(int argc, char **argv) {
  static const struct argp argp = {
      .options = option_table,
      .parser = parse_option,
      .args_doc = "SOURCE...",
      .doc =
          "Make a data set of ARC tasks in the form that the HRM code publishes: DIR/train, DIR/test.\v"
          "A SOURCE is a folder with a .json file for each task, at any depth, those in folders called "
          "\"evaluation\" being tasks to test on; or such a file; or NAME_challenges.json, with NAME_solutions.json "
          "beside it where it is known.  Demonstrations of all tasks and test pairs of training tasks are trained "
          "on.  The result depends on the options and tasks alone, not on the number of threads "
          "(OMP_NUM_THREADS).\n\n" DATA_EXIT_CODES};
  struct arguments arguments = {.options = {.augment = 1000}};
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  return run_builder(make, &arguments);
}

#include <stdlib.h>
#include <unistd.h>

#include "runtime/arc.h"
#include "runtime/data/arguments.h"
#include "runtime/data/commands.h"
#include "runtime/data/picture.h"
#include "runtime/maze.h"
#include "runtime/text.h"

struct arguments {
  const char *directory, *split;
  int64_t examples;
};

enum { INFO_OPTIONS(OPTION_KEY) };

static const struct argp_option option_table[] = {INFO_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t parse_option(int key, char *text, struct argp_state *state) {
  struct arguments *arguments = state->input;
  switch (key) {
  case KEY_SPLIT: arguments->split = text; break;
  case KEY_EXAMPLES: arguments->examples = option_integer(state, KEY_EXAMPLES, text, 0, OPTION_ANY); break;
  case 'h': argp_state_help(state, stdout, ARGP_HELP_STD_HELP); break;
  case ARGP_KEY_ARG:
    if (arguments->directory) argp_error(state, "unexpected argument '%s'", text);
    arguments->directory = text;
    break;
  case ARGP_KEY_END:
    if (!arguments->directory) argp_error(state, "the folder of a data set is expected");
    break;
  default: return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

/* ---- What is typical of a kind: a number of each example, with its smallest, mean and largest value ---- */

struct spread {
  int64_t count, least, most;
  double sum;
};

static void spread_add(struct spread *spread, int64_t value) {
  spread->least = spread->count && spread->least < value ? spread->least : value;
  spread->most = spread->count && spread->most > value ? spread->most : value;
  spread->sum += (double)value;
  spread->count++;
}

/* Of a question and its answer. */
typedef int64_t measure(const int32_t *question, const int32_t *answer, int32_t count);

static int64_t count_givens(const int32_t *question, const int32_t *answer, int32_t count) {
  int64_t givens = 0;
  (void)answer;
  for (int32_t i = 0; i < count; i++) givens += question[i] > 1;
  return givens;
}

static int64_t count_steps(const int32_t *question, const int32_t *answer, int32_t count) {
  int64_t steps = 1;
  (void)question;
  for (int32_t i = 0; i < count; i++) steps += answer[i] == MAZE_PATH;
  return steps;
}

static int64_t count_colours(const int32_t *question, const int32_t *answer, int32_t count) {
  int64_t cells = 0;
  (void)answer;
  for (int32_t i = 0; i < count; i++) cells += question[i] >= ARC_FIRST_COLOUR;
  return cells;
}

static const struct {
  const char *text;
  measure *measure;
} measures[] = {[DATASET_SUDOKU] = {"givens", count_givens},
                [DATASET_MAZE] = {"steps of the path", count_steps},
                [DATASET_ARC] = {"cells of the input", count_colours}};

/* ---- A set ---- */

enum { MEASURED = 10000 /* examples, spread over the set */ };

static void print_measure(const struct dataset_set *set, enum dataset_kind kind, int32_t *question, int32_t *answer) {
  struct spread spread = {0};
  if (kind == DATASET_OTHER) return;
  int64_t step = set->examples > MEASURED ? set->examples / MEASURED : 1;
  for (int64_t i = 0; i < set->examples; i += step) {
    dataset_inputs(set, i, question);
    dataset_labels(set, i, answer);
    spread_add(&spread, measures[kind].measure(question, answer, set->seq_len));
  }
  printf("  %s: %lld to %lld, mean %.1f\n", measures[kind].text, (long long)spread.least, (long long)spread.most,
         spread.sum / (double)spread.count);
}

static void print_examples(const struct picture *picture, const struct dataset_set *set, int64_t wanted,
                           int32_t *question, int32_t *answer) {
  int64_t count = wanted < set->examples ? wanted : set->examples;
  for (int64_t i = 0; i < count; i++) {
    int64_t example = dataset_spread_example(set, i, count);
    dataset_inputs(set, example, question);
    dataset_labels(set, example, answer);
    printf("\nexample %lld\n", (long long)example);
    picture_print(picture, question, answer, stdout);
  }
}

static void print_counts(const struct dataset *dataset, const struct dataset_set *set) {
  printf("%s, set %s: %lld example%s of %lld puzzle%s in %lld group%s\n", dataset->path, set->name,
         (long long)set->examples, plural(set->examples), (long long)set->puzzles, plural(set->puzzles),
         (long long)set->groups, plural(set->groups));
}

static bool print_set(const struct dataset *dataset, const struct dataset_set *set, int64_t examples,
                      struct hrm_error *error) {
  enum dataset_kind kind = dataset_kind(dataset);
  struct picture picture = {.kind = kind, .text = &dataset->text, .colours = picture_has_colours(stdout)};
  int32_t *question = malloc((size_t)set->seq_len * sizeof *question);
  int32_t *answer = malloc((size_t)set->seq_len * sizeof *answer);
  bool ok = question && answer;
  dataset_grid(dataset, &picture.rows, &picture.columns);
  dataset_boxes(dataset, &picture.box_rows, &picture.box_columns);
  print_counts(dataset, set);
  printf("  %s%s; %d x %d tokens of %d; %d identifier%s\n", dataset_kind_name(kind),
         dataset->task || kind == DATASET_OTHER ? "" : " by its looks", picture.rows, picture.columns,
         dataset->vocab_size, dataset->num_puzzle_identifiers, plural(dataset->num_puzzle_identifiers));
  if (ok) {
    print_measure(set, kind, question, answer);
    print_examples(&picture, set, examples, question, answer);
    putchar('\n');
  }
  free(question);
  free(answer);
  return ok || hrm_fail(error, HRM_SYSTEM, "out of memory");
}

/* ---- The splits ---- */

static bool print_split(const struct arguments *arguments, const char *split, struct hrm_error *error) {
  struct dataset dataset;
  bool ok = dataset_open(&dataset, arguments->directory, split, error);
  for (int i = 0; ok && i < dataset.num_sets; i++)
    ok = print_set(&dataset, &dataset.sets[i], arguments->examples, error);
  if (dataset.path) dataset_close(&dataset);
  return ok;
}

static bool has_split(const char *directory, const char *split) {
  char *path;
  if (asprintf(&path, "%s/%s/dataset.json", directory, split) < 0) return false;
  bool has = access(path, F_OK) == 0;
  free(path);
  return has;
}

static bool print_all(void *context, struct hrm_error *error) {
  static const char *const splits[] = {"train", "test"};
  const struct arguments *arguments = context;
  bool ok = true, any = false;
  if (arguments->split) return print_split(arguments, arguments->split, error);
  for (int i = 0; ok && i < 2; i++)
    if (has_split(arguments->directory, splits[i])) any = true, ok = print_split(arguments, splits[i], error);
  if (ok && !any) return hrm_fail(error, HRM_INPUT, "%s: no train or test with a dataset.json", arguments->directory);
  return ok && (fflush(stdout) == 0 || hrm_fail(error, HRM_SYSTEM, "the result cannot be written"));
}

int info_command(int argc, char **argv) {
  static const struct argp argp = {
      .options = option_table,
      .parser = parse_option,
      .args_doc = "DIR",
      .doc = "Tell what is in a data set, and show examples: question and answer side by side."};
  struct arguments arguments = {.examples = 2};
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  return run_builder(print_all, &arguments);
}

#include "runtime/commands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/evaluate.h"
#include "runtime/loaded_model.h"

struct solve_options {
  const char *checkpoint, *data;
  int64_t max_segments, threads;
  double deadline; /* by clock_seconds; 0: none */
  double halt_from;
  bool halt, json;
  struct checkpoint_use use;
  char **puzzles; /* arguments */
  int puzzle_count;
};

enum { SOLVE_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {SOLVE_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct solve_options *o = state->input;
  switch (key) {
  case KEY_CHECKPOINT: o->checkpoint = arg; break;
  case KEY_DATA: o->data = arg; break;
  case KEY_MAX_SEGMENTS: o->max_segments = option_integer(state, KEY_MAX_SEGMENTS, arg, 1, INT32_MAX - 1); break;
  case KEY_HALT: o->halt = true; break;
  case KEY_HALT_FROM:
    o->halt = true;
    o->halt_from = option_probability(state, KEY_HALT_FROM, arg);
    break;
  case KEY_DEADLINE:
    o->deadline = clock_seconds() + 1e-3 * (double)option_integer(state, KEY_DEADLINE, arg, 1, INT32_MAX);
    break;
  case KEY_THREADS: o->threads = option_integer(state, KEY_THREADS, arg, 1, MOST_THREADS); break;
  case KEY_NO_EMA: o->use.averaged = false; break;
  case KEY_RESET_PUZZLE_TABLE: o->use.reset_tables = true; break;
  case KEY_JSON: o->json = true; break;
  case ARGP_KEY_ARGS:
    o->puzzles = state->argv + state->next;
    o->puzzle_count = state->argc - state->next;
    break;
  case ARGP_KEY_END: option_require(state, KEY_CHECKPOINT, o->checkpoint); break;
  default: return option_help(state, key);
  }
  return 0;
}

/* How puzzles are read and written. */
struct form {
  struct puzzle_text text;
  int32_t blank_identifier;
};

static bool form_of_dataset(struct form *form, const char *directory, struct hrm_error *error) {
  struct dataset dataset;
  if (!dataset_open(&dataset, directory, "train", error)) return false;
  *form = (struct form){dataset.text, dataset.blank_identifier_id};
  dataset_close(&dataset);
  return true;
}

static bool form_of_settings(struct form *form, const json_t *settings, const char *checkpoint,
                             struct hrm_error *error) {
  json_t *dataset = json_object_get(settings, "dataset");
  int vocab_size, seq_len, pad;
  if (json_unpack(dataset, "{s:i, s:i, s:i, s:i}", "vocab_size", &vocab_size, "seq_len", &seq_len, "pad_id", &pad,
                  "blank_identifier_id", &form->blank_identifier) != 0) {
    return hrm_fail(error, HRM_INPUT, "%s does not say how puzzles are written; give the data set by --data",
                    checkpoint);
  }
  return puzzle_text_from_json(&form->text, dataset, vocab_size, seq_len, pad, checkpoint, error);
}

static bool check_form(const struct form *form, const struct description *d, const char *name,
                       struct hrm_error *error) {
  const struct tensor_info *inputs = &d->tensors[d->standard[TENSOR_INPUTS]];
  int identifiers = d->standard[TENSOR_PUZZLE_IDENTIFIERS];
  if (form->text.vocab_size == 0) {
    return hrm_fail(error, HRM_INPUT, "%s: its data set has no 'characters', so puzzles cannot be written as text",
                    name);
  }
  bool fits = form->text.rows * form->text.columns == inputs->shape.count &&
              (inputs->bound == 0 || form->text.vocab_size <= inputs->bound) && form->blank_identifier >= 0 &&
              (identifiers < 0 || d->tensors[identifiers].bound == 0 ||
               form->blank_identifier < d->tensors[identifiers].bound);
  return fits || hrm_fail(error, HRM_INPUT,
                          "%s: its puzzles have %lld x %lld cells of %d characters; the model has %lld of %lld", name,
                          (long long)form->text.rows, (long long)form->text.columns, form->text.vocab_size,
                          (long long)inputs->shape.count, (long long)inputs->bound);
}

/* Puzzles as tokens, one behind the other. */
struct puzzles {
  int32_t *tokens;
  int64_t count, length;
};

static bool add_puzzle(struct puzzles *p, const struct form *form, const char *text, size_t length,
                       struct hrm_error *error) {
  int32_t *grown = realloc(p->tokens, (size_t)((p->count + 1) * p->length) * sizeof *grown);
  if (!grown) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  p->tokens = grown;
  struct hrm_error cause;
  if (!puzzle_text_read(&form->text, text, length, grown + p->count * p->length, &cause)) {
    return hrm_fail(error, cause.code, "puzzle %lld: %.3900s", (long long)p->count + 1, cause.text);
  }
  p->count++;
  return true;
}

static bool read_input(struct puzzles *p, const struct form *form, struct hrm_error *error) {
  char *line = NULL;
  size_t capacity = 0;
  bool read = true;
  for (ssize_t length; read && (length = getline(&line, &capacity, stdin)) > 0;) {
    bool empty = strspn(line, " \t\r\n") == (size_t)length;
    if (!empty) read = add_puzzle(p, form, line, (size_t)length, error);
  }
  free(line);
  return read && (!ferror(stdin) || hrm_fail(error, HRM_SYSTEM, "standard input cannot be read"));
}

static bool read_puzzles(struct puzzles *p, const struct solve_options *o, const struct form *form,
                         struct hrm_error *error) {
  if (o->puzzle_count == 0) return read_input(p, form, error);
  for (int i = 0; i < o->puzzle_count; i++) {
    if (!add_puzzle(p, form, o->puzzles[i], strlen(o->puzzles[i]), error)) return false;
  }
  return true;
}

/* Answers come in the order in which puzzles stop, and are printed in that in which they were asked. */
struct answers {
  const struct puzzles *puzzles;
  enum act_kind act;
  bool best; /* the segment with the highest halt value answers, else the last */
  int32_t *tokens;
  float *halt;
  int32_t *segments; /* up to the one that answers */
};

/* Whether this segment's prediction takes the place of those before it. */
static bool is_better(const struct answers *a, int64_t example, float halt, int32_t segments) {
  return segments == 1 || !a->best || a->act == ACT_FIXED || halt >= a->halt[example];
}

static void keep_answer(void *context, const struct slots *slots, int64_t slot, int64_t example) {
  struct answers *a = context;
  const int32_t *prediction = slots_tensor(slots, slots->description->standard[TENSOR_PREDICTION], slot);
  const float *halt = slots_standard(slots, TENSOR_HALT);
  if (!is_better(a, example, halt[slot], slots->steps[slot])) return;
  memcpy(a->tokens + example * a->puzzles->length, prediction, (size_t)a->puzzles->length * sizeof *prediction);
  a->halt[example] = halt[slot];
  a->segments[example] = slots->steps[slot];
}

static double halt_probability(const struct answers *a, int64_t i) { return 1 / (1 + exp(-(double)a->halt[i])); }

static void print_grid(const struct solve_options *o, const struct form *form, const struct answers *a, int64_t i) {
  if (i > 0) putchar('\n');
  puzzle_text_print(&form->text, a->tokens + i * a->puzzles->length, false, stdout);
  if (o->deadline == 0) return;
  printf("segment %d", a->segments[i]);
  if (a->act != ACT_FIXED) printf(", halt probability %.3f", halt_probability(a, i));
  putchar('\n');
}

static bool print_answer(const struct solve_options *o, const struct form *form, const struct answers *a, int64_t i,
                         struct hrm_error *error) {
  const int32_t *answer = a->tokens + i * a->puzzles->length;
  if (!o->json) return print_grid(o, form, a, i), true;
  char *puzzle = malloc((size_t)a->puzzles->length + 1), *solution = malloc((size_t)a->puzzles->length + 1);
  bool formed = puzzle && solution;
  json_t *json = NULL;
  if (formed) {
    puzzle_text_line(&form->text, a->puzzles->tokens + i * a->puzzles->length, puzzle);
    puzzle_text_line(&form->text, answer, solution);
    json =
        json_pack("{s:s, s:s, s:o, s:i}", "puzzle", puzzle, "solution", solution, "halt_probability",
                  a->act == ACT_FIXED ? json_null() : json_real(halt_probability(a, i)), "segments", a->segments[i]);
  }
  free(puzzle);
  free(solution);
  return command_print_json(json, JSON_COMPACT, error);
}

static bool answer_all(const struct solve_options *o, struct loaded_model *s, const struct form *form,
                       struct answers *a, struct hrm_error *error) {
  const struct puzzles *p = a->puzzles;
  a->tokens = malloc((size_t)(p->count * p->length) * sizeof *a->tokens + 1);
  a->halt = malloc((size_t)p->count * sizeof *a->halt + 1);
  a->segments = malloc((size_t)p->count * sizeof *a->segments + 1);
  if (!a->tokens || !a->halt || !a->segments) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  struct evaluator e = {
      &s->model,
      &s->slots,
      {.max_segments = o->max_segments, .halt = o->halt, .halt_from = o->halt_from, .deadline = o->deadline},
      .visit = keep_answer,
      .visit_context = a};
  if (!evaluate_tokens(&e, p->tokens, p->count, form->blank_identifier, error)) return false;
  for (int64_t i = 0; i < p->count; i++) {
    if (!print_answer(o, form, a, i, error)) return false;
  }
  return fflush(stdout) == 0 || hrm_fail(error, HRM_SYSTEM, "the result cannot be written");
}

static bool solve(const struct solve_options *o, struct loaded_model *s, const struct form *form,
                  struct hrm_error *error) {
  struct puzzles p = {.length = form->text.rows * form->text.columns};
  struct answers a = {.puzzles = &p, .act = s->model.description->act.kind, .best = o->deadline != 0};
  bool done = read_puzzles(&p, o, form, error) && answer_all(o, s, form, &a, error);
  free(p.tokens);
  free(a.tokens);
  free(a.halt);
  free(a.segments);
  return done;
}

bool command_solve(const struct command_line *line, struct hrm_error *error) {
  enum { BATCH = 64 };
  static const struct argp argp = {
      option_table,
      parse_option,
      "[PUZZLE…]",
      "Solve puzzles, written as text in the characters of the data set: arguments, or lines of standard input.",
      NULL,
      NULL,
      NULL};
  struct solve_options o = {
      .max_segments = line->description->act.max_segments, .threads = option_default_threads(), .use.averaged = true};
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  struct loaded_model s;
  struct form form;
  if (!loaded_model_open(&s, line->code, line->description, o.checkpoint, o.use, (int)o.threads, BATCH, error)) {
    return false;
  }
  bool known =
      o.data ? form_of_dataset(&form, o.data, error) : form_of_settings(&form, s.settings, s.checkpoint, error);
  bool done = known && check_form(&form, line->description, o.data ? o.data : s.checkpoint, error) &&
              solve(&o, &s, &form, error);
  loaded_model_close(&s);
  return done;
}

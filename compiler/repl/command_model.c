/* Commands that train and run the model. */
#include "command.h"

#include "model.h"
#include "runtime/checkpoint.h"
#include "runtime/clock.h"
#include "runtime/interrupt.h"
#include "runtime/progress.h"
#include "runtime/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- training ---- */

static void print_metrics(const struct trainer *t) {
  const struct metrics *m = &t->metrics;
  double steps = m->steps > 0 ? m->steps : 1;
  printf("step %lld: loss %.4f", (long long)t->step, m->lm_loss / steps);
  if (m->halted > 0) printf(", accuracy %.4f, exact %.4f", m->accuracy / m->halted, m->exact / m->halted);
  putchar('\n');
}

static bool train_steps(struct trainer *t, int64_t steps, struct hrm_error *error) {
  struct progress progress = progress_new(stderr);
  int64_t last = t->step + steps;
  double begin = clock_seconds();
  bool done = true;
  t->metrics = (struct metrics){0};
  while (done && t->step < last && !interrupt_requested()) {
    done = trainer_step(t, error);
    double left = (double)(last - t->step) * (clock_seconds() - begin) / (double)(t->step - last + steps);
    if (done && progress.terminal && progress_due(&progress))
      progress_show(&progress, "step", t->step, last, "", left);
  }
  progress_clear(&progress);
  return done;
}

bool command_of_train(struct entry_run *r, const struct command_argument *argument) {
  struct trained_model *m;
  struct interrupt before;
  struct hrm_error error;
  int64_t steps;
  if (!argument_number(r, argument, 100, &steps) || !(m = model_ready(r))) return false;
  interrupt_begin(&before);
  bool done = train_steps(&m->trainer, steps, &error);
  bool interrupted = interrupt_requested();
  interrupt_end(&before);
  if (!done) return report_error(r, &error);
  print_metrics(&m->trainer);
  if (interrupted) puts("interrupted; the weights are those of this step");
  return true;
}

/* All or nothing: what does not fit leaves the weights as they were. */
static bool load_weights(struct model *m, const struct tensor_file *file, struct hrm_error *error) {
  const struct description *d = m->description;
  struct model spare;
  if (!model_new(&spare, m->code, d, 1, false, error)) return false;
  bool loaded = checkpoint_load(&spare, file, (struct checkpoint_use){.averaged = true}, error);
  for (int i = 0; loaded && i < d->weight_count; i++)
    memcpy(model_weight(m, i), model_weight(&spare, i), (size_t)d->weights[i].shape.count * sizeof(float));
  model_free(&spare);
  if (loaded) model_prepare(m);
  return loaded;
}

bool command_of_checkpoint(struct entry_run *r, const struct command_argument *argument) {
  struct trained_model *m = model_ready(r);
  struct tensor_file file;
  struct hrm_error error;
  if (!m) return false;
  char *path = run_resolve_checkpoint(argument->text, &error);
  bool opened = path && checkpoint_open(&file, path, &m->description, &error);
  free(path);
  if (!opened) return report_error(r, &error);
  bool loaded = load_weights(&m->trainer.model, &file, &error);
  tensor_file_close(&file);
  return loaded || report_error(r, &error);
}

/* ---- evaluation ---- */

static bool evaluation_continues(void *context, int64_t done, int64_t total) {
  struct progress *p = context;
  if (p->terminal && progress_due(p)) progress_show(p, "evaluated", done, total, "", -1);
  return !interrupt_requested();
}

static struct evaluator evaluator_of(struct trained_model *m, struct slots *slots, struct progress *progress) {
  return (struct evaluator){.model = &m->trainer.model,
                            .slots = slots,
                            .options = {.max_segments = m->description.act.max_segments},
                            .progress = evaluation_continues,
                            .progress_context = progress};
}

static bool evaluate_sets(struct trained_model *m, int64_t limit, struct slots *slots, struct hrm_error *error) {
  struct progress progress = progress_new(stderr);
  struct evaluator e = evaluator_of(m, slots, &progress);
  e.options.limit = limit;
  bool done = true;
  for (int i = 0; done && i < m->test.num_sets; i++) {
    struct evaluation result;
    done = evaluate_set(&e, &m->test.sets[i], &result, error);
    progress_clear(&progress);
    double examples = result.examples ? (double)result.examples : 1;
    if (done)
      printf("%s: exact %.4f, cells %.4f of %lld examples\n", m->test.sets[i].name, result.exact / examples,
             result.accuracy / examples, (long long)result.examples);
  }
  return done;
}

bool command_of_eval(struct entry_run *r, const struct command_argument *argument) {
  enum { SLOTS = 64 };
  struct trained_model *m;
  struct interrupt before;
  struct hrm_error error;
  struct slots slots = {0};
  int64_t limit;
  if (!argument_number(r, argument, 100, &limit) || !(m = model_ready(r))) return false;
  interrupt_begin(&before);
  bool done = slots_new(&slots, &m->description, SLOTS, &error) && evaluate_sets(m, limit, &slots, &error);
  interrupt_end(&before);
  slots_free(&slots);
  return done || report_error(r, &error);
}

/* ---- grids ---- */

/* Characters of the data set, or numbers where it has none; changed cells in colour, or in brackets without. */
static void print_grid(const struct session *s, const struct puzzle_text *text, const int32_t *tokens,
                       const int32_t *before, int64_t count) {
  int64_t columns = text->vocab_size ? text->columns : count;
  for (int64_t i = 0; i < count; i++) {
    bool known = text->vocab_size && tokens[i] >= 0 && tokens[i] < text->vocab_size;
    bool changed = before && before[i] != tokens[i];
    if (changed) fputs(s->colour ? "\033[1;32m " : "[", stdout);
    if (!changed) putchar(' ');
    if (known)
      putchar(text->characters[tokens[i]]);
    else
      printf("%d", tokens[i]);
    fputs(changed ? (s->colour ? "\033[0m " : "]") : " ", stdout);
    if ((i + 1) % columns == 0) putchar('\n');
  }
}

static bool find_example(struct entry_run *r, struct trained_model *m, int64_t number, struct example *out) {
  int64_t wanted = number;
  for (int i = 0; i < m->test.num_sets; i++) {
    struct dataset_set *set = &m->test.sets[i];
    if (number < set->examples) {
      int64_t puzzle = dataset_puzzle_of_example(set, number);
      *out = (struct example){set, number, dataset_puzzle_identifier(set, puzzle)};
      return true;
    }
    number -= set->examples;
  }
  struct hrm_error error;
  hrm_fail(&error, HRM_INPUT, "there is no example %lld: the test split has %lld, counted from 0", (long long)wanted,
           (long long)(wanted - number));
  return report_error(r, &error);
}

static const int32_t *shown_tensor(const struct trained_model *m, enum standard_tensor which) {
  return slots_standard(&m->shown, which);
}

static int64_t length_of(const struct trained_model *m, enum standard_tensor which) {
  return m->description.tensors[m->description.standard[which]].shape.count;
}

static bool take_example(struct entry_run *r, struct trained_model *m, int64_t number) {
  struct example example;
  if (!find_example(r, m, number, &example)) return false;
  slots_put(&m->shown, 0, &example);
  m->has_example = true;
  return true;
}

bool command_of_data(struct entry_run *r, const struct command_argument *argument) {
  struct trained_model *m;
  int64_t number;
  if (!argument_number(r, argument, 0, &number) || !(m = model_ready(r)) || !take_example(r, m, number)) return false;
  int64_t count = length_of(m, TENSOR_INPUTS);
  print_grid(r->session, &m->test.text, shown_tensor(m, TENSOR_INPUTS), NULL, count);
  puts("answer, with what is to be found:");
  const int32_t *labels = shown_tensor(m, TENSOR_LABELS), *inputs = shown_tensor(m, TENSOR_INPUTS);
  print_grid(r->session, &m->test.text, labels, length_of(m, TENSOR_LABELS) == count ? inputs : NULL,
             length_of(m, TENSOR_LABELS));
  return true;
}

bool command_of_step(struct entry_run *r, const struct command_argument *argument) {
  struct trained_model *m;
  int64_t number;
  if (!argument_number(r, argument, 0, &number) || !(m = model_ready(r))) return false;
  if ((argument->length || !m->has_example) && !take_example(r, m, number)) return false;
  int64_t count = length_of(m, TENSOR_PREDICTION);
  const int32_t *prediction = shown_tensor(m, TENSOR_PREDICTION), *inputs = shown_tensor(m, TENSOR_INPUTS);
  int32_t *before = arena_new_array(r->c.arena, int32_t, (size_t)count);
  bool first = m->shown.steps[0] == 0, comparable = !first || length_of(m, TENSOR_INPUTS) == count;
  memcpy(before, first && comparable ? inputs : prediction, (size_t)count * sizeof *before);
  slots_begin_segment(&m->shown, 1, m->description.act.max_segments);
  model_forward(&m->trainer.model, &m->shown, 1);
  print_grid(r->session, &m->test.text, prediction, comparable ? before : NULL, count);
  const float *halt = slots_standard(&m->shown, TENSOR_HALT), *go_on = slots_standard(&m->shown, TENSOR_CONTINUE);
  printf("segment %d: halt %.4g, continue %.4g\n", m->shown.steps[0], (double)halt[0],
         go_on ? (double)go_on[0] : 0.0);
  return true;
}

/* ---- solving ---- */

struct solution {
  int32_t *tokens;
  int64_t length;
};

static void keep_solution(void *context, const struct slots *slots, int64_t slot, int64_t example) {
  struct solution *s = context;
  (void)example;
  memcpy(s->tokens, slots_tensor(slots, slots->description->standard[TENSOR_PREDICTION], slot),
         (size_t)s->length * sizeof *s->tokens);
}

bool command_of_solve(struct entry_run *r, const struct command_argument *argument) {
  struct trained_model *m = model_ready(r);
  struct progress progress = progress_new(stderr);
  struct hrm_error error;
  struct interrupt before;
  if (!m) return false;
  struct solution s = {.length = length_of(m, TENSOR_PREDICTION)};
  int32_t *puzzle = arena_new_array(r->c.arena, int32_t, (size_t)length_of(m, TENSOR_INPUTS));
  s.tokens = arena_new_array(r->c.arena, int32_t, (size_t)s.length);
  if (m->test.text.vocab_size == 0) {
    hrm_fail(&error, HRM_INPUT, "the data set has no 'characters', so puzzles cannot be written as text");
    return report_error(r, &error);
  }
  if (!puzzle_text_read(&m->test.text, argument->text, argument->length, puzzle, &error))
    return report_error(r, &error);
  struct slots slots = {0};
  struct evaluator e = evaluator_of(m, &slots, &progress);
  e.visit = keep_solution;
  e.visit_context = &s;
  interrupt_begin(&before);
  bool done = slots_new(&slots, &m->description, 1, &error) &&
              evaluate_tokens(&e, puzzle, 1, m->test.blank_identifier_id, &error);
  interrupt_end(&before);
  slots_free(&slots);
  if (!done) return report_error(r, &error);
  print_grid(r->session, &m->test.text, s.tokens, length_of(m, TENSOR_INPUTS) == s.length ? puzzle : NULL, s.length);
  return true;
}

/* Replay of random runs whose sizes are odd (3 heads, length 37, uneven layers and cycles, slots that share rows of a
 * table of 7), against the training loop as hrm.md and the papers have it: plain C around the plain evaluator, in
 * double precision. */
#include "tests/measured.h"
#include "tests/model_harness.h"

#include "runtime/dataset.h"
#include "runtime/safetensors.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 5, STEPS = 3, MOST_WEIGHTS = 64 };
static const double rate = 1e-4, decay = 1, table_rate = 1e-2, table_decay = 0.1;

struct run {
  struct model m; /* compiled as far as its graphs */
  char folder[32];
  struct tensor_file recorded;
  struct measured measured;
  double *weights[MOST_WEIGHTS], *first[MOST_WEIGHTS], *second[MOST_WEIGHTS]; /* and Adam's moments */
  double **tensors;                                                           /* by number, [BATCH, …] */
  int32_t *inputs, *labels, *identifiers;                                     /* of all steps */
  int64_t length, identifier_count, vocabulary, max_segments;
  int steps[BATCH];
  bool halted[BATCH];
};

static const struct program *program(const struct run *r) { return r->m.c.program; }
static int64_t elements(const struct symbol *s) { return type_elements(&s->type); }

static void *room(struct run *r, size_t size, int64_t count) {
  return arena_array(r->m.c.arena, size, (size_t)count);
}

static int64_t setting(const char *settings, const char *name) {
  const char *at = strstr(settings, name);
  ck_assert_msg(at != NULL, "%s is not given", name);
  return atoll(at + strlen(name) + 1);
}

/* ---- The files of a run ---- */

static void random_weights(struct run *r) {
  for (int i = 0; i < program(r)->weight_count; i++) {
    int64_t count = elements(program(r)->weights[i]->symbol);
    r->weights[i] = room(r, sizeof(double), count);
    r->first[i] = room(r, sizeof(double), count);
    r->second[i] = room(r, sizeof(double), count);
    for (int64_t k = 0; k < count; k++) r->weights[i][k] = (float)(0.4 * model_uniform(&r->m) - 0.2);
  }
}

static int32_t *random_integers(struct run *r, int64_t count, int64_t bound) {
  int32_t *out = room(r, sizeof *out, count);
  for (int64_t i = 0; i < count; i++) out[i] = (int32_t)(model_uniform(&r->m) * (double)bound);
  return out;
}

static void random_batches(struct run *r) {
  int64_t tokens = STEPS * BATCH * r->length;
  r->inputs = random_integers(r, tokens, r->vocabulary);
  r->labels = random_integers(r, tokens, r->vocabulary);
  r->identifiers = random_integers(r, (int64_t)STEPS * BATCH, r->identifier_count);
  for (int64_t i = 0; i < tokens; i++)
    if (model_uniform(&r->m) < 0.3) r->labels[i] = DATASET_UNLABELLED;
}

static void write(const struct run *r, const char *name, struct tensor_entry *entries, int count) {
  char path[64];
  struct hrm_error error;
  snprintf(path, sizeof path, "%s/%s", r->folder, name);
  ck_assert_msg(safetensors_write(path, entries, count, NULL, &error), "%s", error.text);
}

static void write_weights(struct run *r) {
  struct tensor_entry entries[MOST_WEIGHTS];
  for (int i = 0; i < program(r)->weight_count; i++) {
    const struct symbol *s = program(r)->weights[i]->symbol;
    struct shape shape = {.rank = s->type.rank, .count = elements(s)};
    for (int axis = 0; axis < shape.rank; axis++) shape.size[axis] = s->type.extent[axis];
    float *values = room(r, sizeof *values, shape.count);
    for (int64_t k = 0; k < shape.count; k++) values[k] = (float)r->weights[i][k];
    entries[i] = (struct tensor_entry){s->name, STORED_F32, shape, values};
  }
  write(r, "weights", entries, program(r)->weight_count);
}

static void write_batches(struct run *r) {
  struct shape tokens = {.rank = 3, .size = {STEPS, BATCH, r->length}, .count = STEPS * BATCH * r->length};
  struct shape each = {.rank = 2, .size = {STEPS, BATCH}, .count = (int64_t)STEPS * BATCH};
  struct tensor_entry entries[] = {{"inputs", STORED_I32, tokens, r->inputs},
                                   {"labels", STORED_I32, tokens, r->labels},
                                   {"puzzle_identifiers", STORED_I32, each, r->identifiers}};
  write(r, "batches", entries, 3);
}

static void compile(struct run *r, const char *settings, const char *contract) {
  char command[4096], defines[1024] = "", *copy = strdup(settings);
  const char *hrmc = getenv("HRMC"), *top = getenv("top_srcdir");
  for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
    snprintf(defines + strlen(defines), sizeof defines - strlen(defines), " -D %s", word);
  free(copy);
  snprintf(command, sizeof command, "%s %s/models/hrm.hrm%s --contract=%s -o %s/model", hrmc, top, defines, contract,
           r->folder);
  ck_assert_msg(system(command) == 0, "failed: %s", command);
}

static void replay(const struct run *r, int threads, const char *output) {
  char command[1024];
  snprintf(command, sizeof command,
           "cd %s && ./model replay --weights weights --batches batches --output %s --lr %g --weight-decay %g"
           " --puzzle-lr %g --puzzle-weight-decay %g --threads %d",
           r->folder, output, rate, decay, table_rate, table_decay, threads);
  ck_assert_msg(system(command) == 0, "failed: %s", command);
}

static void open_output(const struct run *r, const char *output, struct tensor_file *file) {
  char path[64];
  struct hrm_error error;
  snprintf(path, sizeof path, "%s/%s", r->folder, output);
  ck_assert_msg(tensor_file_open(file, path, &error), "%s", error.text);
}

/* ---- Comparing ---- */

static const struct tensor_entry *recorded(const struct run *r, const char *name) {
  const struct tensor_entry *x = tensor_file_find(&r->recorded, name);
  ck_assert_msg(x != NULL, "no %s", name);
  return x;
}

/* values · scale against what was recorded, relative to the largest. */
static void compare(struct run *r, const char *name, const double *values, int64_t count, double scale,
                    double tolerance) {
  const struct tensor_entry *x = recorded(r, name);
  const float *own = x->data;
  double worst = 0, largest = 0;
  ck_assert_msg(x->dtype == STORED_F32 && x->shape.count == count, "%s has another type or size", name);
  for (int64_t i = 0; i < count; i++) {
    double difference = fabs((double)own[i] - values[i] * scale);
    worst = isnan(difference) ? INFINITY : fmax(worst, difference);
    largest = fmax(largest, fabs(values[i] * scale));
  }
  ck_assert_msg(worst <= tolerance * largest, "%s differs by %g of %g", name, worst, largest);
  measured_note(&r->measured, name, worst / fmax(largest, 1e-30));
}

/* Both optimisers follow the sign of a gradient, which rounding decides where it should be zero: of a thousand
 * elements one may go the other way. */
static void compare_moved(const struct run *r, const char *name, const double *values, int64_t count, double lr) {
  const struct tensor_entry *x = recorded(r, name);
  const float *own = x->data;
  int64_t others = 0;
  for (int64_t i = 0; i < count; i++) {
    double difference = fabs((double)own[i] - values[i]);
    ck_assert_msg(difference <= 2.5 * STEPS * lr, "%s[%lld] differs by %g", name, (long long)i, difference);
    others += difference > 0.05 * lr;
  }
  ck_assert_msg(others <= count / 1000, "%s differs in %lld elements of %lld", name, (long long)others,
                (long long)count);
}

static void compare_step(struct run *r, int step, const char *name, const struct evaluate_output *x) {
  char full[64];
  snprintf(full, sizeof full, "step%d.%s", step, name);
  ck_assert_msg(x != NULL, "the evaluator has no %s", name);
  compare(r, full, x->values, x->count, 1, 2e-4);
}

static double sum(const struct evaluation *e, const char *name) {
  const struct evaluate_output *x = evaluate_find(e, name);
  double total = 0;
  for (int64_t i = 0; x && i < x->count; i++) total += x->values[i];
  return total;
}

static void compare_loss(struct run *r, int step, const struct evaluation *e) {
  char name[64];
  double ours = sum(e, "lm_loss") + 0.5 * (sum(e, "halt_loss") + sum(e, "continue_loss")), theirs;
  snprintf(name, sizeof name, "step%d.loss", step);
  memcpy(&theirs, recorded(r, name)->data, sizeof theirs);
  ck_assert_msg(fabs(ours - theirs) <= 2e-4 * fabs(ours), "%s is %.9g, not %.9g", name, theirs, ours);
  measured_note(&r->measured, name, fabs(ours - theirs) / fabs(ours));
}

static void compare_integers(const struct run *r, int step, const char *name, const int32_t *values) {
  char full[64];
  snprintf(full, sizeof full, "step%d.%s", step, name);
  ck_assert_msg(!memcmp(recorded(r, full)->data, values, BATCH * sizeof *values), "%s differs", full);
}

/* ---- One step ---- */

static double *tensor(const struct run *r, const char *name) {
  for (int i = 0; i < program(r)->tensor_count; i++)
    if (!strcmp(program(r)->tensors[i].symbol->name, name)) return r->tensors[i];
  ck_abort_msg("no tensor %s", name);
}

static void put(struct run *r, const char *name, int slot, const int32_t *values, int64_t count) {
  double *out = tensor(r, name) + slot * count;
  for (int64_t i = 0; i < count; i++) out[i] = values[i];
}

/* A slot that has halted takes its row of the step's batch. */
static void refill(struct run *r, int step) {
  for (int slot = 0; slot < BATCH; slot++) {
    int64_t row = (int64_t)step * BATCH + slot;
    tensor(r, "reset")[slot] = r->halted[slot];
    if (r->halted[slot]) {
      put(r, "inputs", slot, r->inputs + row * r->length, r->length);
      put(r, "labels", slot, r->labels + row * r->length, r->length);
      put(r, "puzzle_identifiers", slot, r->identifiers + row, 1);
      r->steps[slot] = 0;
    }
    r->steps[slot]++;
    tensor(r, "last")[slot] = r->steps[slot] >= r->max_segments;
  }
}

static int table_of(const struct run *r) {
  for (int i = 0; i < program(r)->weight_count; i++)
    if (program(r)->weights[i]->sparse) return i;
  return -1;
}

static void look_up(struct run *r) {
  int table = table_of(r);
  for (int i = 0; i < program(r)->tensor_count; i++) {
    if (program(r)->tensors[i].symbol->role != ROLE_ROWS) continue;
    int64_t width = elements(program(r)->tensors[i].symbol);
    for (int slot = 0; slot < BATCH; slot++)
      memcpy(r->tensors[i] + slot * width, r->weights[table] + (int64_t)tensor(r, "puzzle_identifiers")[slot] * width,
             (size_t)width * sizeof(double));
  }
}

static struct evaluation segment(struct run *r) {
  struct evaluate_input inputs[MODEL_MOST_INPUTS];
  int count = 0;
  for (int i = 0; i < program(r)->weight_count; i++)
    if (!program(r)->weights[i]->sparse)
      inputs[count++] = (struct evaluate_input){program(r)->weights[i]->symbol->name, r->weights[i]};
  for (int i = 0; i < program(r)->tensor_count; i++)
    if (program(r)->tensors[i].symbol->role != ROLE_OUTPUT)
      inputs[count++] = (struct evaluate_input){program(r)->tensors[i].symbol->name, r->tensors[i]};
  return evaluate(r->m.c.arena, r->m.c.train, inputs, count, BATCH);
}

static void halt(struct run *r, int step, const struct evaluation *e) {
  const double *stop = evaluate_find(e, "halt")->values, *go_on = evaluate_find(e, "continue")->values;
  int32_t halted[BATCH], steps[BATCH];
  for (int slot = 0; slot < BATCH; slot++) {
    steps[slot] = r->steps[slot];
    halted[slot] = r->halted[slot] = r->steps[slot] >= r->max_segments || stop[slot] > go_on[slot];
  }
  compare_integers(r, step, "halted", halted);
  compare_integers(r, step, "steps", steps);
}

/* p ← p·(1 − lr·wd); m, v; p ← p − lr/(1−β₁ᵗ) · atan2(m, √v/√(1−β₂ᵗ)) */
static void adam_atan2(struct run *r, int i, const double *gradient, int t) {
  double *p = r->weights[i], *m = r->first[i], *v = r->second[i];
  for (int64_t k = 0; k < elements(program(r)->weights[i]->symbol); k++) {
    double g = gradient[k] / BATCH;
    m[k] = 0.9 * m[k] + 0.1 * g;
    v[k] = 0.95 * v[k] + 0.05 * g * g;
    p[k] = p[k] * (1 - rate * decay) - rate / (1 - pow(0.9, t)) * atan2(m[k], sqrt(v[k]) / sqrt(1 - pow(0.95, t)));
  }
}

/* The gradients of slots that look up the same row are summed, then the touched rows move by their signs. */
static void sign_sgd(struct run *r, const double *rows, int64_t width) {
  int table = table_of(r);
  for (int64_t row = 0; row < r->identifier_count; row++) {
    bool touched = false;
    for (int slot = 0; slot < BATCH; slot++) touched |= tensor(r, "puzzle_identifiers")[slot] == (double)row;
    for (int64_t k = 0; touched && k < width; k++) {
      double g = 0, *p = &r->weights[table][row * width + k];
      for (int slot = 0; slot < BATCH; slot++)
        if (tensor(r, "puzzle_identifiers")[slot] == (double)row) g += rows[slot * width + k];
      *p = *p * (1 - table_rate * table_decay) - table_rate * ((g > 0) - (g < 0));
    }
  }
}

static void optimise(struct run *r, const struct evaluation *e, int t) {
  for (int i = 0; i < program(r)->weight_count; i++) {
    const struct weight *w = program(r)->weights[i];
    if (w->symbol->role == ROLE_PARAM && !w->sparse) adam_atan2(r, i, evaluate_find(e, w->symbol->name)->values, t);
  }
  const struct evaluate_output *rows = evaluate_find(e, "puzzle_emb.weights.rows");
  if (rows) sign_sgd(r, rows->values, rows->count / BATCH);
}

static void compare_gradients(struct run *r, const struct evaluation *e) {
  char name[160];
  const struct evaluate_output *rows = evaluate_find(e, "puzzle_emb.weights.rows");
  for (int i = 0; i < program(r)->weight_count; i++) {
    const struct weight *w = program(r)->weights[i];
    if (w->symbol->role != ROLE_PARAM || w->sparse) continue;
    snprintf(name, sizeof name, "grad.%s", w->symbol->name);
    const struct evaluate_output *x = evaluate_find(e, w->symbol->name);
    compare(r, name, x->values, x->count, 1.0 / BATCH, 1e-3);
  }
  if (rows) compare(r, "grad.puzzle_emb.local", rows->values, rows->count, 1.0 / BATCH, 1e-3);
}

/* Of one segment alone: the continue value is recorded, but learns nothing. */
static void check_without_target(const struct run *r, const struct evaluation *e) {
  const float *gradient = recorded(r, "grad.q_head.bias")->data;
  ck_assert(gradient[0] != 0 && gradient[1] == 0);
  ck_assert(sum(e, "continue_loss") == 0);
  ck_assert_ptr_null(tensor_file_find(&r->recorded, "step0.target_q_continue"));
}

static void keep_states(struct run *r, const struct evaluation *e) {
  for (int i = 0; i < program(r)->tensor_count; i++) {
    const struct symbol *s = program(r)->tensors[i].symbol;
    if (s->role == ROLE_STATE)
      memcpy(r->tensors[i], evaluate_find(e, s->name)->values, sizeof(double) * (size_t)(BATCH * elements(s)));
  }
}

static void step(struct run *r, int k) {
  refill(r, k);
  look_up(r);
  struct evaluation e = segment(r);
  compare_step(r, k, "logits", evaluate_find(&e, "logits"));
  compare_step(r, k, "q_halt_logits", evaluate_find(&e, "halt"));
  compare_step(r, k, "q_continue_logits", evaluate_find(&e, "continue"));
  if (r->max_segments > 1)
    compare_step(r, k, "target_q_continue", evaluate_find(&e, "target_continue"));
  else
    check_without_target(r, &e);
  compare_step(r, k, "z_H", evaluate_find(&e, "z_H"));
  compare_step(r, k, "z_L", evaluate_find(&e, "z_L"));
  compare_loss(r, k, &e);
  if (k == 0) compare_gradients(r, &e);
  halt(r, k, &e);
  keep_states(r, &e);
  optimise(r, &e, k + 1);
}

/* ---- A run ---- */

static void open_run(struct run *r, const char *settings, const char *contract) {
  memset(r, 0, sizeof *r);
  strcpy(r->folder, "/tmp/check_replay.XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(r->folder));
  model_open_shipped(&r->m, "models/hrm", settings, NULL);
  ck_assert_int_le(program(r)->weight_count, MOST_WEIGHTS);
  r->length = setting(settings, "seq_len");
  r->vocabulary = setting(settings, "vocab_size");
  r->identifier_count = setting(settings, "num_puzzle_identifiers");
  r->max_segments = setting(settings, "halt_max_steps");
  r->tensors = room(r, sizeof *r->tensors, program(r)->tensor_count);
  for (int i = 0; i < program(r)->tensor_count; i++)
    r->tensors[i] = room(r, sizeof(double), BATCH * elements(program(r)->tensors[i].symbol));
  for (int slot = 0; slot < BATCH; slot++) r->halted[slot] = true;
  random_weights(r);
  random_batches(r);
  write_weights(r);
  write_batches(r);
  compile(r, settings, contract);
  replay(r, 2, "out");
  open_output(r, "out", &r->recorded);
}

static void close_run(struct run *r) {
  char command[64];
  tensor_file_close(&r->recorded);
  model_close(&r->m);
  snprintf(command, sizeof command, "rm -r %s", r->folder);
  ck_assert_int_eq(system(command), 0);
}

static void compare_weights(const struct run *r) {
  char name[160];
  for (int i = 0; i < program(r)->weight_count; i++) {
    const struct weight *w = program(r)->weights[i];
    snprintf(name, sizeof name, "final.%s", w->symbol->name);
    compare_moved(r, name, r->weights[i], elements(w->symbol), w->sparse ? table_rate : rate);
  }
}

#define SMALL "swiglu_multiple=32 expansion=1 "
static const struct {
  const char *name, *settings;
} runs[] = {{"rotary positions, stablemax",
             SMALL "hidden_size=96 num_heads=3 seq_len=37 vocab_size=13 H_layers=1 L_layers=2 H_cycles=2 L_cycles=1 "
                   "pos_encodings=rope loss_type=stablemax num_puzzle_identifiers=7 halt_max_steps=3"},
            {"learned positions, softmax",
             SMALL "hidden_size=96 num_heads=3 seq_len=37 vocab_size=11 H_layers=2 L_layers=1 H_cycles=1 L_cycles=3 "
                   "pos_encodings=learned loss_type=softmax num_puzzle_identifiers=7 halt_max_steps=2"},
            {"puzzle embedding over 3 positions", SMALL
             "hidden_size=24 num_heads=3 seq_len=19 vocab_size=5 H_layers=1 L_layers=1 H_cycles=2 L_cycles=3 "
             "pos_encodings=rope loss_type=stablemax puzzle_emb_ndim=50 num_puzzle_identifiers=2 halt_max_steps=4"},
            {"no puzzle embedding", SMALL
             "hidden_size=36 num_heads=3 seq_len=7 vocab_size=3 H_layers=1 L_layers=1 H_cycles=1 L_cycles=1 "
             "pos_encodings=learned loss_type=softmax puzzle_emb_ndim=0 num_puzzle_identifiers=1 halt_max_steps=5"},
            {"one segment", /* no next one whose value could be learnt, as published */
             SMALL "hidden_size=24 num_heads=3 seq_len=5 vocab_size=4 H_layers=1 L_layers=1 H_cycles=2 L_cycles=1 "
                   "pos_encodings=rope loss_type=stablemax num_puzzle_identifiers=3 halt_max_steps=1"}};

START_TEST(test_run) {
  static struct run r;
  open_run(&r, runs[_i].settings, "generated");
  for (int k = 0; k < STEPS; k++) step(&r, k);
  compare_weights(&r);
  measured_print(&r.measured, runs[_i].name);
  close_run(&r);
}
END_TEST

/* What was recorded with other threads: only the order of sums differs. */
static void compare_output(struct run *r, const char *output) {
  struct tensor_file other;
  open_output(r, output, &other);
  ck_assert_int_eq(other.count, r->recorded.count);
  for (int i = 0; i < other.count; i++) {
    const struct tensor_entry *x = &other.entries[i];
    if (x->dtype != STORED_F32) continue;
    double *values = room(r, sizeof *values, x->shape.count);
    for (int64_t k = 0; k < x->shape.count; k++) values[k] = ((const float *)x->data)[k];
    if (!strncmp(x->name, "final.", 6))
      compare_moved(r, x->name, values, x->shape.count, strstr(x->name, "puzzle_emb") ? table_rate : rate);
    else
      compare(r, x->name, values, x->shape.count, 1, 2e-4);
  }
  tensor_file_close(&other);
}

/* A batch of 5 by 1 to 8 threads, which share tiles from 6 on: the same to the last bit with the same number of them.
 */
START_TEST(test_threads) {
  static struct run r;
  char command[64];
  open_run(&r, runs[0].settings, _i ? "openblas" : "generated");
  snprintf(command, sizeof command, "cd %s && cmp first second", r.folder);
  for (int threads = 1; threads <= 8; threads++) {
    replay(&r, threads, "first");
    replay(&r, threads, "second");
    ck_assert_msg(system(command) == 0, "%d threads", threads);
    compare_output(&r, "first");
  }
  close_run(&r);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("replay of random runs");
  TCase *cases = suite_case(suite, "odd sizes", NULL, NULL);
  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, test_run, 0, sizeof runs / sizeof *runs);
  tcase_add_loop_test(cases, test_threads, 0, 2);
  return suite_run(suite);
}

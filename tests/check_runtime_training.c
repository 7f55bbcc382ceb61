/* Whole training steps of the fake model: runtime/trainer.c, checkpoint.c, model.c. */
#include "runtime/checkpoint.h"
#include "runtime/commands.h"
#include "runtime/evaluate.h"
#include "runtime/safetensors.h"
#include "tests/fake_data.h"
#include "tests/fake_model.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/check_runtime_XXXXXX";
static char checkpoint[sizeof folder + 20];
static struct dataset dataset, test_set;
static struct hrm_error error;

static void setup(void) {
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(checkpoint, sizeof checkpoint, "%s/x.safetensors", folder);
  ck_assert_msg(fake_data_write(folder, 20, &error), "%s", error.text);
  ck_assert_msg(dataset_open(&dataset, folder, "train", &error), "%s", error.text);
  ck_assert_msg(dataset_open(&test_set, folder, "test", &error), "%s", error.text);
}

static void teardown(void) {
  char command[sizeof folder + 20];
  dataset_close(&dataset);
  dataset_close(&test_set);
  snprintf(command, sizeof command, "rm -r %s", folder);
  ck_assert_int_eq(system(command), 0);
}

/* A trainer with what it points to. */
struct run {
  struct description description;
  struct settings settings;
  struct trainer trainer;
};

static void run_new(struct run *r, const char *changes, int threads) {
  ck_assert_msg(fake_description(&r->description, changes, &error), "%s", error.text);
  ck_assert(settings_new(&r->settings, &r->description, &error));
  r->settings.data = strdup(folder);
  r->settings.threads = threads;
  r->settings.steps = 300;
  r->settings.save_every = 1;
  r->settings.seed = 9;
  ck_assert(trainer_new(&r->trainer, &fake_code, &r->description, &r->settings, &dataset, &error));
  trainer_start(&r->trainer);
}

static void run_free(struct run *r) {
  trainer_free(&r->trainer);
  settings_free(&r->settings);
  description_free(&r->description);
}

static void train(struct run *r, int64_t steps) {
  for (int64_t i = 0; i < steps; i++) ck_assert_msg(trainer_step(&r->trainer, &error), "%s", error.text);
}

static void save(struct run *r) {
  json_t *settings = settings_json(&r->settings, &r->description, &dataset, &error);
  ck_assert_ptr_nonnull(settings);
  ck_assert_msg(checkpoint_save(checkpoint, &r->trainer, settings, &error), "%s", error.text);
  json_decref(settings);
}

static void resume(struct run *r) {
  struct tensor_file file;
  ck_assert_msg(tensor_file_open(&file, checkpoint, &error), "%s", error.text);
  ck_assert_msg(checkpoint_resume(&r->trainer, &file, &error), "%s", error.text);
  tensor_file_close(&file);
}

static void expect_same(const struct run *a, const struct run *b) {
  const struct description *d = &a->description;
  size_t bytes = (size_t)d->weight_count_floats * sizeof(float);
  ck_assert_int_eq(a->trainer.step, b->trainer.step);
  ck_assert_mem_eq(a->trainer.model.weights, b->trainer.model.weights, bytes);
  ck_assert_mem_eq(a->trainer.model.sparse[3], b->trainer.model.sparse[3], 30 * sizeof(float));
  ck_assert_mem_eq(a->trainer.optimizer.ema, b->trainer.optimizer.ema, bytes);
  ck_assert_mem_eq(a->trainer.slots.steps, b->trainer.slots.steps, 7 * sizeof(int32_t));
  ck_assert_mem_eq(a->trainer.slots.tensors[3], b->trainer.slots.tensors[3], 7 * sizeof(float));
  ck_assert_mem_eq(&a->trainer.metrics, &b->trainer.metrics, sizeof(struct metrics));
}

static double exact_on_test(struct run *r) {
  struct slots slots;
  struct evaluation result;
  ck_assert(slots_new(&slots, &r->description, 4, &error));
  struct evaluator e = {&r->trainer.model, &slots, {.max_segments = 4}, NULL, NULL, NULL, NULL};
  ck_assert(evaluate_set(&e, &test_set.sets[0], &result, &error));
  ck_assert_int_eq(result.examples, 11);
  ck_assert_double_eq(result.segments, 44);
  slots_free(&slots);
  return result.exact / (double)result.examples;
}

static const char *const learners[] = {
    NULL,
    "{\"act\": {\"kind\": \"halt_head\"}}",
    "{\"act\": {\"kind\": \"fixed\"}}",
    "{\"groups\": [{\"optimizer\": \"adamw\", \"lr\": 0.05}, {\"optimizer\": \"sign_sgd\", \"lr\": 0.001}]}",
    "{\"groups\": [{\"optimizer\": \"sgd\", \"lr\": 1, \"momentum\": 0.9}, {\"optimizer\": \"sign_sgd\", \"lr\": "
    "0.001}]}",
    "{\"groups\": [{\"optimizer\": \"sign_sgd\", \"lr\": 0.05}, {\"optimizer\": \"sign_sgd\", \"lr\": 0.001}],"
    " \"train\": {\"clip\": 1, \"schedule\": {\"kind\": \"constant\", \"warmup\": 0}}}",
};

START_TEST(test_learns) {
  struct run r;
  run_new(&r, learners[_i], 2);
  ck_assert_double_lt(exact_on_test(&r), 0.5);
  train(&r, 300);
  ck_assert_double_eq(exact_on_test(&r), 1);
  run_free(&r);
}
END_TEST

START_TEST(test_same_bits) {
  struct run a, b;
  run_new(&a, NULL, 3);
  run_new(&b, NULL, 3);
  train(&a, 50);
  train(&b, 50);
  expect_same(&a, &b);
  run_free(&a);
  run_free(&b);
}
END_TEST

/* Every slot is in exactly one tile, whatever the number of threads: only the order of sums differs. */
START_TEST(test_threads) {
  struct run one, many;
  run_new(&one, NULL, 1);
  run_new(&many, NULL, _i);
  train(&one, 3);
  train(&many, 3);
  for (int64_t i = 0; i < one.description.weight_count_floats; i++) {
    ck_assert_float_eq_tol(one.trainer.model.weights[i], many.trainer.model.weights[i], 1e-5);
  }
  ck_assert_mem_eq(one.trainer.slots.steps, many.trainer.slots.steps, 7 * sizeof(int32_t));
  ck_assert_mem_eq(one.trainer.slots.tensors[3], many.trainer.slots.tensors[3], 7 * sizeof(float));
  run_free(&one);
  run_free(&many);
}
END_TEST

/* As a process finds itself that has only the checkpoint. */
static void forget(struct run *r) {
  size_t bytes = (size_t)r->description.weight_count_floats * sizeof(float);
  memset(r->trainer.model.weights, 0, bytes);
  memset(r->trainer.model.sparse[3], 0, 30 * sizeof(float));
  memset(r->trainer.optimizer.ema, 0, bytes);
}

START_TEST(test_resume) {
  struct run unbroken, first, second;
  run_new(&unbroken, learners[_i], 2);
  run_new(&first, learners[_i], 2);
  run_new(&second, learners[_i], 2);
  train(&unbroken, 60);
  train(&first, 23);
  save(&first);
  forget(&second);
  resume(&second);
  expect_same(&first, &second);
  train(&second, 37);
  expect_same(&unbroken, &second);
  run_free(&unbroken);
  run_free(&first);
  run_free(&second);
}
END_TEST

static void expect_refusal(const char *changes, const char *message) {
  struct description d;
  struct model model;
  struct tensor_file file;
  ck_assert_msg(fake_description(&d, changes, &error), "%s", error.text);
  ck_assert(model_new(&model, &fake_code, &d, 1, false, &error));
  ck_assert_msg(tensor_file_open(&file, checkpoint, &error), "%s", error.text);
  ck_assert(!checkpoint_load(&model, &file, (struct checkpoint_use){.averaged = false}, &error));
  ck_assert_int_eq(error.code, HRM_INPUT);
  ck_assert_msg(strstr(error.text, message) != NULL, "%s", error.text);
  tensor_file_close(&file);
  model_free(&model);
  description_free(&d);
}

#define WEIGHT(path, shape, offset)                                                                                  \
  "{\"path\": \"" path "\", \"shape\": " shape ", \"trained\": true, \"group\": 0, \"offset\": " offset              \
  ", \"init\": {\"kind\": \"constant\", \"scale\": 0}}"
#define PACKED(block, bytes) WEIGHT("w", "[2]", "0, \"packed\": {\"block\": " block ", \"bytes\": " bytes "}")
#define TABLE                                                                                                        \
  "{\"path\": \"puzzle_emb.weights\", \"shape\": [5, 6], \"trained\": true, \"group\": 1, \"sparse\": true,"         \
  " \"init\": {\"kind\": \"constant\", \"scale\": 0}}"

/* Every differing tensor by name, with both shapes, in one message. */
START_TEST(test_mismatch) {
  struct run r;
  run_new(&r, NULL, 1);
  save(&r);
  run_free(&r);
  expect_refusal("{\"weights\": [" WEIGHT("head.weight", "[6, 7]", "0") ", " WEIGHT("other", "[2]", "192") ", " TABLE
                                                                                                           "]}",
                 " does not fit the model (4 differences); 'head.weight': the model has [6, 7], the file has [6, 6]; "
                 "'other': the model has [2], the file has none; 'q.bias': the model has none, the file has [2]; "
                 "'start': the model has none, the file has []");
}
END_TEST

/* Weights alone are enough for a model; the moving average is taken where it is asked for. */
START_TEST(test_load) {
  struct run r;
  struct model model;
  struct tensor_file file;
  run_new(&r, NULL, 1);
  train(&r, 20);
  save(&r);
  ck_assert(model_new(&model, &fake_code, &r.description, 1, false, &error));
  ck_assert(tensor_file_open(&file, checkpoint, &error));
  ck_assert(checkpoint_load(&model, &file, (struct checkpoint_use){.averaged = false}, &error));
  ck_assert_mem_eq(model.weights, r.trainer.model.weights, 36 * sizeof(float));
  ck_assert(checkpoint_load(&model, &file, (struct checkpoint_use){.averaged = true}, &error));
  ck_assert_mem_eq(model.weights, r.trainer.optimizer.ema, 36 * sizeof(float));
  ck_assert(model.weights[64] == r.trainer.model.weights[64]);
  json_t *settings = checkpoint_settings(&file);
  ck_assert_int_eq(json_integer_value(json_object_get(settings, "seed")), 9);
  json_decref(settings);
  tensor_file_close(&file);
  model_free(&model);
  run_free(&r);
}
END_TEST

/* A resumed run never gets a token that is out of range. */
START_TEST(test_damaged_slots) {
  struct run r;
  struct tensor_file file;
  run_new(&r, NULL, 1);
  train(&r, 1);
  ((int32_t *)slots_standard(&r.trainer.slots, TENSOR_INPUTS))[3] = 1000;
  save(&r);
  ck_assert(tensor_file_open(&file, checkpoint, &error));
  ck_assert(!checkpoint_resume(&r.trainer, &file, &error));
  ck_assert_msg(strstr(error.text, "'train/slot.inputs' holds 1000, the model's bound is 6") != NULL, "%s",
                error.text);
  tensor_file_close(&file);
  run_free(&r);
}
END_TEST

START_TEST(test_load_not_finite) {
  struct run r;
  struct model model;
  struct tensor_file file;
  run_new(&r, NULL, 1);
  r.trainer.model.weights[48] = NAN;
  r.trainer.model.sparse[3][7] = INFINITY;
  save(&r);
  ck_assert(model_new(&model, &fake_code, &r.description, 1, false, &error));
  ck_assert(tensor_file_open(&file, checkpoint, &error));
  ck_assert(!checkpoint_load(&model, &file, (struct checkpoint_use){.averaged = false}, &error));
  ck_assert_int_eq(error.code, HRM_INPUT);
  ck_assert_msg(strstr(error.text, "x.safetensors cannot be used: weight 'q.bias' is not finite") != NULL, "%s",
                error.text);
  ck_assert(!checkpoint_resume(&r.trainer, &file, &error));
  tensor_file_close(&file);
  model_free(&model);
  run_free(&r);
}
END_TEST

/* Weights whose names are like those of training state. */
static const char confusing[] =
    "{\"weights\": [" WEIGHT("metrics", "[6, 6]", "0") ", " WEIGHT("q", "[2]", "192") ", " WEIGHT(
        "ema.q", "[1]", "256") ", " TABLE
                               ", " WEIGHT("optimizer.m.q", "[2]", "320") ", " WEIGHT(
                                   "slot.steps", "[7]", "384") ", " WEIGHT("carry.count", "[7, 1]",
                                                                           "448") "], \"weight_bytes\": 512}";

START_TEST(test_names_do_not_clash) {
  struct run first, second;
  struct model model;
  struct tensor_file file;
  run_new(&first, confusing, 2);
  run_new(&second, confusing, 2);
  first.trainer.model.weights[64] = 0.25f;
  for (int i = 0; i < 7; i++) first.trainer.model.weights[96 + i] = (float)i;
  train(&first, 9);
  save(&first);
  forget(&second);
  resume(&second);
  expect_same(&first, &second);
  ck_assert(model_new(&model, &fake_code, &first.description, 1, false, &error));
  ck_assert(tensor_file_open(&file, checkpoint, &error));
  ck_assert_msg(checkpoint_load(&model, &file, (struct checkpoint_use){.averaged = true}, &error), "%s", error.text);
  ck_assert_mem_eq(model.weights, first.trainer.optimizer.ema, 128 * sizeof(float));
  tensor_file_close(&file);
  model_free(&model);
  run_free(&first);
  run_free(&second);
}
END_TEST

/* Another data set of the same sizes, which differs in one token. */
START_TEST(test_other_dataset) {
  struct run r;
  struct tensor_file file;
  run_new(&r, NULL, 1);
  save(&r);
  struct dataset_identity before = dataset_identify(&dataset);
  ck_assert_int_eq(before.groups, 20);
  ck_assert_int_eq(before.examples, 120);
  int32_t *tokens = malloc((size_t)dataset.sets[0].inputs.count * sizeof *tokens);
  struct npy_array inputs = dataset.sets[0].inputs;
  npy_copy_i32(&inputs, 0, inputs.count, tokens);
  tokens[1000] = 1 + tokens[1000] % 5;
  dataset.sets[0].inputs.data = tokens;
  ck_assert_str_ne(before.fingerprint, dataset_identify(&dataset).fingerprint);
  free(r.settings.data);
  r.settings.data = strdup("elsewhere");
  ck_assert(tensor_file_open(&file, checkpoint, &error));
  ck_assert(!checkpoint_resume(&r.trainer, &file, &error));
  ck_assert_int_eq(error.code, HRM_INPUT);
  ck_assert_msg(strstr(error.text, folder) && strstr(error.text, before.fingerprint) &&
                    strstr(error.text, "cannot go on with elsewhere (20 groups, 120 examples, fingerprint "),
                "%s", error.text);
  dataset.sets[0].inputs = inputs;
  resume(&r);
  tensor_file_close(&file);
  free(tokens);
  run_free(&r);
}
END_TEST

/* Trying the next step says whether it would fail, and leaves every bit as it was. */
START_TEST(test_trying_changes_nothing) {
  struct run tried, other;
  run_new(&tried, learners[_i], 3);
  run_new(&other, learners[_i], 3);
  for (int step = 0; step < 20; step++) {
    train(&tried, 1);
    train(&other, 1);
    ck_assert_msg(trainer_try_step(&tried.trainer, &error), "%s", error.text);
    ck_assert(trainer_is_finite(&tried.trainer, &error));
    expect_same(&tried, &other);
  }
  run_free(&tried);
  run_free(&other);
}
END_TEST

START_TEST(test_trying_finds_divergence) {
  static const char *const faults[] = {"loss:6", "gradient:6", ""};
  static const char *const messages[] = {"'logits' is not finite in slot 0", "the gradient of 'q.bias' is not finite",
                                         "'lm_loss' is not finite in slot 0"};
  struct run r;
  setenv("FAKE_NAN", faults[_i], 1);
  run_new(&r, NULL, 2);
  train(&r, 5);
  if (_i == 2)
    for (int i = 0; i < 36; i++) r.trainer.model.weights[i] = i % 2 ? 1e38f : -1e38f;
  ck_assert(trainer_is_finite(&r.trainer, &error));
  ck_assert(!trainer_try_step(&r.trainer, &error));
  ck_assert_int_eq(error.code, HRM_DIVERGED);
  ck_assert_msg(strstr(error.text, messages[_i]) != NULL, "%s", error.text);
  unsetenv("FAKE_NAN");
  run_free(&r);
}
END_TEST

/* Weights, moments and averages, dense and sparse. */
START_TEST(test_not_finite) {
  struct run r;
  run_new(&r, NULL, 1);
  ck_assert(trainer_is_finite(&r.trainer, &error));
  float *const places[] = {r.trainer.model.weights + 49, r.trainer.model.sparse[3] + 29, r.trainer.optimizer.m + 35,
                           r.trainer.optimizer.v, r.trainer.optimizer.ema + 48};
  static const char *const names[] = {"'q.bias'", "'puzzle_emb.weights'", "m of 'head.weight'", "v of 'head.weight'",
                                      "moving average of 'q.bias'"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    float before = *places[i];
    *places[i] = INFINITY;
    ck_assert(!trainer_is_finite(&r.trainer, &error));
    ck_assert_int_eq(error.code, HRM_DIVERGED);
    ck_assert_msg(strstr(error.text, names[i]) != NULL, "%s", error.text);
    *places[i] = before;
  }
  run_free(&r);
}
END_TEST

/* A source of three batches: every slot sees token `batch` alone. */
static bool next_given(void *context, struct slots *slots, struct hrm_error *e) {
  int *batch = context;
  int32_t tokens[FAKE_LENGTH];
  if (*batch == 3) return hrm_fail(e, HRM_INPUT, "no batch is left");
  for (int i = 0; i < FAKE_LENGTH; i++) tokens[i] = *batch;
  for (int64_t i = 0; i < slots->count; i++) slots_put_tokens(slots, i, tokens, 0);
  ++*batch;
  return true;
}

START_TEST(test_given_batches) {
  struct run r;
  int batch = 0;
  run_new(&r, NULL, 2);
  r.trainer.source = (struct batch_source){next_given, &batch};
  train(&r, 3);
  ck_assert_int_eq(((int32_t *)slots_standard(&r.trainer.slots, TENSOR_INPUTS))[20], 2);
  ck_assert(!trainer_step(&r.trainer, &error));
  ck_assert_str_eq(error.text, "no batch is left");
  ck_assert_int_eq(r.trainer.step, 3);
  ck_assert_int_eq(r.trainer.loader.position.group, 0);
  run_free(&r);
}
END_TEST

/* Labels may have a bound of their own; logits are read at them. */
START_TEST(test_bounds_of_dataset) {
  struct description d;
  ck_assert(fake_description(&d, NULL, &error));
  ck_assert_msg(command_check_dataset(&dataset, &d, &error), "%s", error.text);
  d.tensors[d.standard[TENSOR_LABELS]].bound = 5;
  ck_assert(!command_check_dataset(&dataset, &d, &error));
  ck_assert_int_eq(error.code, HRM_INPUT);
  ck_assert_msg(strstr(error.text, "vocab_size is 6; the model was compiled for labels below 5"), "%s", error.text);
  d.tensors[d.standard[TENSOR_LABELS]].bound = 6;
  d.tensors[d.standard[TENSOR_PUZZLE_IDENTIFIERS]].bound = 4;
  ck_assert(!command_check_dataset(&dataset, &d, &error));
  ck_assert_msg(strstr(error.text, "num_puzzle_identifiers is 5; the model was compiled for 4"), "%s", error.text);
  description_free(&d);
}
END_TEST

/* Labels without a bound, or with one that is above the width of the logits. */
START_TEST(test_bounds_of_labels) {
  for (int i = 0; i < 2; i++) {
    struct description d, plain;
    ck_assert(fake_description(&plain, NULL, &error));
    json_t *label = json_array_get(json_object_get(plain.json, "tensors"), 2);
    ck_assert_str_eq(json_string_value(json_object_get(label, "name")), "labels");
    if (i)
      json_object_set_new(label, "bound", json_integer(100));
    else
      json_object_del(label, "bound");
    char *text = json_dumps(plain.json, 0);
    ck_assert_msg(description_parse(&d, text, &error), "%s", error.text);
    ck_assert_int_eq(d.tensors[d.standard[TENSOR_LABELS]].bound, 6);
    free(text);
    description_free(&d);
    description_free(&plain);
  }
}
END_TEST

/* What fuzzing starts from is accepted: else it would see how the first words are refused, and nothing else. */
START_TEST(test_seeds_of_fuzzing) {
  static const char *const names[] = {"fake", "hrm"};
  static char text[1 << 16];
  const char *top = getenv("top_srcdir");
  struct description d;
  char path[4096];
  snprintf(path, sizeof path, "%s/tests/fuzz/corpus/description/%s", top ? top : ".", names[_i]);
  FILE *file = fopen(path, "r");
  ck_assert_ptr_nonnull(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  ck_assert_msg(description_parse(&d, text, &error), "%s: %s", names[_i], error.text);
  description_free(&d);
}
END_TEST

/* What a command prints on standard output. */
static char *printed_by(command_function *command, const struct command_line *line) {
  char path[sizeof folder + 20];
  snprintf(path, sizeof path, "%s/out", folder);
  fflush(stdout);
  int before = dup(STDOUT_FILENO);
  ck_assert_ptr_nonnull(freopen(path, "w", stdout));
  bool done = command(line, &error);
  fflush(stdout);
  dup2(before, STDOUT_FILENO);
  close(before);
  ck_assert_msg(done, "%s", error.text);
  static char text[1000];
  FILE *file = fopen(path, "r");
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  return text;
}

/* Without a halt head there is no probability. */
START_TEST(test_solve_without_halt_head) {
  struct run r;
  char *arguments[] = {"fake solve", "--checkpoint", checkpoint, "--threads=1", "--json", "1234111122224444", NULL};
  for (int fixed = 0; fixed < 2; fixed++) {
    run_new(&r, fixed ? "{\"act\": {\"kind\": \"fixed\"}}" : NULL, 1);
    save(&r);
    const struct command_line line = {6, arguments, &fake_code, &r.description};
    const char *text = printed_by(command_solve, &line);
    ck_assert_msg((strstr(text, "\"halt_probability\":null") != NULL) == fixed, "%s", text);
    ck_assert_msg((strstr(text, "\"halt_probability\":0.") != NULL) == !fixed, "%s", text);
    run_free(&r);
  }
}
END_TEST

START_TEST(test_diverges) {
  struct run r;
  setenv("FAKE_NAN", _i ? "gradient:3" : "loss:3", 1);
  run_new(&r, NULL, 2);
  train(&r, 2);
  ck_assert(!trainer_step(&r.trainer, &error));
  ck_assert_int_eq(error.code, HRM_DIVERGED);
  ck_assert_str_eq(error.text, _i ? "training diverged at step 3: the gradient of 'q.bias' is not finite"
                                  : "training diverged at step 3: 'logits' is not finite in slot 0");
  ck_assert_int_eq(r.trainer.step, 2);
  run_free(&r);
}
END_TEST

/* The table has five rows. */
#define ROWS_OF(bound)                                                                                               \
  "{\"tensors\": [{\"name\": \"puzzle_identifiers\", \"role\": \"input\", \"dtype\": \"i32\", \"shape\": []" bound   \
  "}, {\"name\": \"rows\", \"role\": \"rows\", \"dtype\": \"f32\", \"shape\": [6], \"table\": "                      \
  "\"puzzle_emb.weights\","                                                                                          \
  " \"index\": \"puzzle_identifiers\"}]}"

/* Change of the description, part of the message. */
static const struct {
  const char *changes, *message;
} broken[] = {
    {"{\"format\": 1}", "another version"}, /* its functions do not pack */
    {"{\"tile\": 0}", "negative"},
    {"{\"weight_bytes\": 128}", "head.weight: offset"},
    {"{\"weights\": [" WEIGHT("w", "[2]", "32") "]}", "w: offset"},
    {"{\"weights\": [" WEIGHT("w", "[2]", "-64") "]}", "w: offset"},
    {"{\"weights\": [" PACKED("64", "65") "]}", "w: packed"}, /* more than is shared */
    {"{\"weights\": [" PACKED("64", "-1") "]}", "w: packed"},
    {"{\"weights\": [" PACKED("-64", "64") "]}", "w: packed"},
    {"{\"weights\": [" PACKED("100", "64") "]}", "w: packed"},
    {"{\"weights\": []}", "rows: table"},
    {"{\"groups\": []}", "optimiser group"},
    {"{\"tensors\": []}", "no input 'inputs'"},
    {ROWS_OF(""), "rows: bound of its index"},
    {ROWS_OF(", \"bound\": 0"), "rows: bound of its index"},
    {ROWS_OF(", \"bound\": 6"), "rows: bound of its index"},
    {ROWS_OF(", \"bound\": -1"), "puzzle_identifiers: bound"},
    {"{\"act\": {\"max_segments\": 0}}", "max_segments"},
    {"{\"train\": {\"schedule\": {\"warmup\": -1}}}", "warmup is out of range"},
    {"{\"train\": {\"batch\": -1}}", "out of range"},
    {"{\"act\": {\"kind\": \"sometimes\"}}", "sometimes: not a known word"},
    {"{\"groups\": [{\"optimizer\": \"sgd\", \"lr\": 1}, {\"optimizer\": \"sgd\", \"lr\": 1}]}", "by sign_sgd alone"},
};

START_TEST(test_broken_descriptions) {
  struct description d;
  ck_assert_msg(!fake_description(&d, broken[_i].changes, &error), "%s", broken[_i].changes);
  ck_assert_msg(strstr(error.text, broken[_i].message) != NULL, "%s: %s", broken[_i].changes, error.text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("runtime training");
  TCase *tests = tcase_create("training"), *descriptions = tcase_create("descriptions");
  tcase_set_timeout(tests, 120); /* a busy machine */
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, test_learns, 0, sizeof learners / sizeof *learners);
  tcase_add_test(tests, test_same_bits);
  tcase_add_loop_test(tests, test_threads, 2, 12);
  tcase_add_loop_test(tests, test_resume, 0, sizeof learners / sizeof *learners);
  tcase_add_test(tests, test_mismatch);
  tcase_add_test(tests, test_load);
  tcase_add_test(tests, test_damaged_slots);
  tcase_add_test(tests, test_load_not_finite);
  tcase_add_test(tests, test_names_do_not_clash);
  tcase_add_test(tests, test_other_dataset);
  tcase_add_loop_test(tests, test_trying_changes_nothing, 0, sizeof learners / sizeof *learners);
  tcase_add_loop_test(tests, test_trying_finds_divergence, 0, 3);
  tcase_add_test(tests, test_not_finite);
  tcase_add_test(tests, test_given_batches);
  tcase_add_test(tests, test_bounds_of_dataset);
  tcase_add_test(tests, test_bounds_of_labels);
  tcase_add_loop_test(tests, test_seeds_of_fuzzing, 0, 2);
  tcase_add_test(tests, test_solve_without_halt_head);
  tcase_add_loop_test(tests, test_diverges, 0, 2);
  tcase_add_loop_test(descriptions, test_broken_descriptions, 0, sizeof broken / sizeof *broken);
  suite_add_tcase(suite, tests);
  suite_add_tcase(suite, descriptions);
  return suite_run(suite);
}

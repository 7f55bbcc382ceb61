/* models/hrm.hrm and models/trm.hrm train as the published HRM and TRM: the executable's `replay` of the recorded
 * steps gives every recorded tensor, with the same halting decisions. */
#include "measured.h"
#include "shared.h"

#include "runtime/tensor_file.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "-D NAME=VALUE …" from the recorded settings. */
static void definitions(json_t *config, char *out, size_t size) {
  static const char *const same[] = {"H_cycles",
                                     "L_cycles",
                                     "H_layers",
                                     "L_layers",
                                     "hidden_size",
                                     "expansion",
                                     "num_heads",
                                     "seq_len",
                                     "vocab_size",
                                     "puzzle_emb_ndim",
                                     "num_puzzle_identifiers",
                                     "halt_max_steps",
                                     "pos_encodings",
                                     "puzzle_emb_len",
                                     "mlp_t"};
  size_t at = 0;
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
    json_t *x = json_object_get(json_object_get(config, "model"), same[i]);
    if (!x) continue;
    if (json_is_string(x))
      at += (size_t)snprintf(out + at, size - at, " -D %s=%s", same[i], json_string_value(x));
    else
      at += (size_t)snprintf(out + at, size - at, " -D %s=%g", same[i], json_is_true(x) ? 1 : json_number_value(x));
  }
  const char *loss = json_string_value(json_object_get(config, "loss"));
  snprintf(out + at, size - at, " -D loss_type=%s", strncmp(loss, "stablemax", 9) ? "softmax" : "stablemax");
}

static const char *model_of(json_t *config) {
  return json_object_get(json_object_get(config, "model"), "puzzle_emb_len") ? "trm" : "hrm";
}

static double setting(json_t *config, const char *optimizer, const char *name) {
  return json_number_value(json_object_get(json_object_get(config, optimizer), name));
}

static void run(const char *command) { ck_assert_msg(system(command) == 0, "failed: %s", command); }

static void compile_and_replay(const char *folder, const char *weights, const char *work) {
  char path[4200], defines[1024], command[16384];
  const char *top = getenv("top_srcdir"), *hrmc = getenv("HRMC");
  snprintf(path, sizeof path, "%s/config.json", folder);
  json_t *config = json_load_file(path, 0, NULL);
  ck_assert_msg(config != NULL, "no %s", path);
  definitions(config, defines, sizeof defines);
  snprintf(command, sizeof command, "%s %s/models/%s.hrm%s -o %s/model", hrmc ? hrmc : "./hrmc", top ? top : ".",
           model_of(config), defines, work);
  run(command);
  snprintf(command, sizeof command,
           "%s/model replay --weights %s/%s --batches %s/batches.safetensors --output %s/out "
           "--lr %.17g --weight-decay %.17g --puzzle-lr %.17g --puzzle-weight-decay %.17g --threads 2",
           work, folder, weights, folder, work, setting(config, "optimizer", "lr"),
           setting(config, "optimizer", "weight_decay"), setting(config, "puzzle_emb_optimizer", "lr"),
           setting(config, "puzzle_emb_optimizer", "weight_decay"));
  run(command);
  json_decref(config);
}

static double element(const struct tensor_entry *x, int64_t i) {
  double d;
  float f;
  int32_t w;
  const char *at = (const char *)x->data + i * (int64_t)stored_dtype_bytes(x->dtype);
  if (x->dtype == STORED_F64) return memcpy(&d, at, sizeof d), d;
  if (x->dtype == STORED_F32) return memcpy(&f, at, sizeof f), (double)f;
  return memcpy(&w, at, sizeof w), (double)w;
}

/* As the relative differences of float32 sums in other orders allow, with room. */
static double tolerance(const struct tensor_entry *x) {
  if (x->dtype == STORED_I32) return 0;
  return strncmp(x->name, "step", 4) ? 1e-3 : 2e-4;
}

static void compare(const struct tensor_entry *expected, const struct tensor_file *ours, struct measured *measured) {
  const struct tensor_entry *x = tensor_file_find(ours, expected->name);
  ck_assert_msg(x && shape_equal(&x->shape, &expected->shape), "%s is missing or has another shape", expected->name);
  double worst = 0, largest = 0;
  for (int64_t i = 0; i < x->shape.count; i++) {
    double difference = fabs(element(x, i) - element(expected, i));
    worst = isnan(difference) ? INFINITY : fmax(worst, difference);
    largest = fmax(largest, fabs(element(expected, i)));
  }
  ck_assert_msg(worst <= tolerance(expected) * largest, "%s differs by %g of %g", expected->name, worst, largest);
  if (largest > 0) measured_note(measured, expected->name, worst / largest);
}

static void check_from(const char *name, const char *weights) {
  char folder[4096], relative[64], path[4200], work[] = "/tmp/check_replay.XXXXXX", command[4200];
  struct tensor_file expected, ours;
  struct measured measured = {0};
  struct hrm_error error;
  snprintf(relative, sizeof relative, "fixtures/%s", name);
  ck_assert_msg(shared_path(folder, sizeof folder, relative), "no %s", folder);
  ck_assert(mkdtemp(work) != NULL);
  compile_and_replay(folder, weights, work);
  snprintf(path, sizeof path, "%s/expected.safetensors", folder);
  ck_assert_msg(tensor_file_open(&expected, path, &error), "%s", error.text);
  snprintf(path, sizeof path, "%s/out", work);
  ck_assert_msg(tensor_file_open(&ours, path, &error), "%s", error.text);
  for (int i = 0; i < expected.count; i++) compare(&expected.entries[i], &ours, &measured);
  measured_print(&measured, name);
  tensor_file_close(&expected);
  tensor_file_close(&ours);
  snprintf(command, sizeof command, "rm -r %s", work);
  run(command);
}

static void check(const char *name) { check_from(name, "weights.safetensors"); }

START_TEST(stablemax) { check("hrm-tiny-stablemax"); }
END_TEST
/* The same weights as the published code saves them. */
START_TEST(published_checkpoint) { check_from("hrm-tiny-stablemax", "step_0.pt"); }
END_TEST
START_TEST(softmax) { check("hrm-tiny-softmax"); }
END_TEST
START_TEST(tiny_recursive) { check("trm-tiny-attention"); }
END_TEST

int main(void) {
  enum { SKIPPED = 77 };
  char folder[4096];
  if (!shared_path(folder, sizeof folder, "fixtures")) {
    printf("skipped: the recorded runs are not at %s (HRM_SHARED names the folder that holds fixtures/)\n", folder);
    return SKIPPED;
  }
  Suite *suite = suite_create("replay");
  TCase *cases = suite_case(suite, "recorded runs", NULL, NULL);
  tcase_set_timeout(cases, 120);
  tcase_add_test(cases, stablemax);
  tcase_add_test(cases, published_checkpoint);
  tcase_add_test(cases, softmax);
  tcase_add_test(cases, tiny_recursive);
  return suite_run(suite);
}

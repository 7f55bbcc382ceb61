/* The entry of code generation: targets, forms, the description, what is shared between kernels, errors. */
#include "tests/emit_harness.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

/* y = x + x on 20 elements in the arena of one example, `offset` bytes from its start. */
static struct step doubling(int64_t offset) {
  struct access access = {.space = SPACE_ARENA, .offset = offset, .stride = {1}, .index = -1};
  struct kernel *k = arena_new_object(arena, struct kernel);
  struct loop *l = &k->loop;
  *l = (struct loop){.rank = 1, .extent = {{20, false}}, .pass_axis = -1, .vector_axis = 0, .pass_count = 1};
  l->accesses = arena_new_object(arena, struct access);
  l->accesses[0] = access;
  l->access_count = 1;
  l->values = arena_new_array(arena, struct value, 2);
  l->values[0] = (struct value){.kind = VALUE_LOAD};
  l->values[1] = (struct value){.kind = VALUE_MAP, .scalar = SCALAR_ADD, .operand = {0, 0}};
  l->value_count = 2;
  l->stores = arena_new_object(arena, struct kernel_store);
  l->stores[0] = (struct kernel_store){.value = 1};
  l->store_count = 1;
  return (struct step){.kind = STEP_KERNEL, .kernel = k};
}

static struct plan plan_of(struct step *steps, int count) {
  struct plan plan = {.pack = {.name = "pack"},
                      .prepare = {.name = "prepare"},
                      .forward = {.name = "forward"},
                      .train = {.name = "train"}};
  plan.tile = 4;
  plan.train.steps = steps;
  plan.train.count = count;
  plan_forms(arena, &plan);
  return plan;
}

static struct emitted emit(const struct plan *plan, const char *cpu, const char *features, enum emit_form form) {
  struct target target = {.cpu = cpu, .features = features};
  struct emitted out;
  const char *error = "unset";
  bool done = emit_plan(arena, plan, "{\"format\": 1}", &target, form, &out, &error);
  ck_assert_msg(done, "%s", error);
  ck_assert_ptr_null(error);
  return out;
}

static int occurrences(const char *text, const char *word) {
  int count = 0;
  for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) count++;
  return count;
}

START_TEST(test_kernels_of_one_form_are_one_function) {
  struct step steps[] = {doubling(0), doubling(128), doubling(256)};
  struct plan plan = plan_of(steps, 3);
  struct emitted out = emit(&plan, NULL, NULL, EMIT_LLVM);
  ck_assert_int_eq(occurrences(out.bytes, "define internal"), 1);
  ck_assert_int_eq(occurrences(out.bytes, "call void @loop_0"), 3);
}
END_TEST

START_TEST(test_assembly_has_all_symbols) {
  static const char *const symbols[] = {
      "hrm_model_prepare:", "hrm_model_forward:", "hrm_model_train:", "hrm_model_description:", "loop_0:"};
  struct step step = doubling(0);
  struct plan plan = plan_of(&step, 1);
  struct emitted out = emit(&plan, NULL, NULL, EMIT_ASSEMBLY);
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
    ck_assert_msg(strstr(out.bytes, symbols[i]) != NULL, "no %s", symbols[i]);
}
END_TEST

START_TEST(test_description_can_be_read) {
  struct step step = doubling(0);
  struct plan plan = plan_of(&step, 1);
  struct emitted out = emit(&plan, NULL, NULL, EMIT_LLVM);
  ck_assert_ptr_nonnull(strstr(out.bytes, "c\"{\\22format\\22: 1}\\00\""));
}
END_TEST

START_TEST(test_same_plan_same_bytes) {
  struct step steps[] = {doubling(0), doubling(128)};
  struct plan plan = plan_of(steps, 2);
  struct emitted first = emit(&plan, NULL, NULL, EMIT_OBJECT), second = emit(&plan, NULL, NULL, EMIT_OBJECT);
  ck_assert_uint_eq(first.size, second.size);
  ck_assert_mem_eq(first.bytes, second.bytes, first.size);
}
END_TEST

static struct emitted_objects emit_in_parts(const struct plan *plan) {
  struct target target = {.cpu = NULL};
  struct emitted_objects out;
  const char *error = "unset";
  ck_assert_msg(emit_objects(arena, plan, "{\"format\": 1}", &target, &out, &error), "%s", error);
  return out;
}

/* Ten kernels of different forms are more than one thread generates; two runs give the same bytes. */
START_TEST(test_parts) {
  struct step steps[10];
  for (int i = 0; i < 10; i++) {
    steps[i] = doubling(0);
    steps[i].kernel->loop.extent[0].count = 20 + i;
  }
  struct plan one = plan_of(steps, 1), ten = plan_of(steps, 10);
  struct emitted_objects small = emit_in_parts(&one), first = emit_in_parts(&ten), second = emit_in_parts(&ten);
  ck_assert_int_eq(small.count, 2);
  ck_assert_int_gt(first.count, 2);
  ck_assert_int_eq(first.count, second.count);
  for (int i = 0; i < first.count; i++) {
    ck_assert_uint_gt(first.objects[i].size, 0);
    ck_assert_uint_eq(first.objects[i].size, second.objects[i].size);
    ck_assert_mem_eq(first.objects[i].bytes, second.objects[i].bytes, first.objects[i].size);
  }
}
END_TEST

/* Repeats run their steps as often as they say, nested ones too; kernels get the bases of their own steps. */
START_TEST(test_repeat) {
  struct step inner[] = {doubling(0)}, body[] = {doubling(128), {.kind = STEP_REPEAT}};
  struct step outer = {.kind = STEP_REPEAT};
  body[1].repeat.trips = 2;
  body[1].repeat.steps = inner;
  body[1].repeat.count = 1;
  outer.repeat.trips = 3;
  outer.repeat.steps = body;
  outer.repeat.count = 2;
  float data[64];
  for (int i = 0; i < 64; i++) data[i] = (float)i;
  struct harness_code code = harness_compile(arena, &outer, 1, NULL, 4);
  code.entry(&(struct hrm_tile){.n = 1, .arena = data});
  harness_close(&code);
  for (int i = 0; i < 64; i++) {
    float factor = i < 20 ? 64 : i >= 32 && i < 52 ? 8 : 1;
    ck_assert(data[i] == factor * (float)i);
  }
}
END_TEST

static struct target resolve(const char *cpu, const char *features) {
  struct target wanted = {.cpu = cpu, .features = features}, resolved;
  struct machine machine;
  const char *error = NULL;
  ck_assert_msg(emit_resolve(arena, &wanted, &resolved, &machine, &error), "%s", error);
  return resolved;
}

START_TEST(test_host) {
  struct target host = emit_host(arena);
  ck_assert_ptr_nonnull(host.cpu);
  ck_assert_ptr_nonnull(host.features);
  ck_assert_uint_gt(strlen(host.cpu), 0);
  struct target resolved = resolve(NULL, NULL);
  ck_assert_str_eq(resolved.cpu, host.cpu);
  ck_assert_str_eq(resolved.features, host.features);
}
END_TEST

#ifdef __x86_64__
static const char *refusal(const char *cpu, const char *features) {
  struct step step = doubling(0);
  struct plan plan = plan_of(&step, 1);
  struct target target = {.cpu = cpu, .features = features};
  struct emitted out;
  const char *error = NULL;
  ck_assert(!emit_plan(arena, &plan, NULL, &target, EMIT_OBJECT, &out, &error));
  ck_assert_ptr_nonnull(error);
  return error;
}

START_TEST(test_unknown_cpu) {
  ck_assert_str_eq(refusal("znver44", NULL),
                   "unknown cpu 'znver44'; the nearest names are 'znver4', 'znver1', 'znver2'");
  ck_assert_str_eq(refusal("qqqqqqqqqq", NULL),
                   "unknown cpu 'qqqqqqqqqq'; the nearest names are 'x86-64', 'x86-64-v2', 'x86-64-v3'");
  ck_assert_str_eq(
      refusal("qqqqqqqqqq", NULL),
      "unknown cpu 'qqqqqqqqqq'; the nearest names are 'x86-64', 'x86-64-v2', 'x86-64-v3'"); /* a second time too */
  ck_assert_str_eq(refusal("", NULL), "unknown cpu ''; the nearest names are 'x86-64', 'znver1', 'znver2'");
  ck_assert_str_eq(refusal("help", NULL), "unknown cpu 'help'; the nearest names are 'haswell', 'nehalem', 'znver1'");
}
END_TEST

START_TEST(test_unknown_feature) {
  const char *error = refusal("x86-64-v3", "+avx513");
  ck_assert_msg(strstr(error, "+avx513") != NULL, "%s", error);
}
END_TEST

#define SSE ",+sse4.2,+sse4.1,+ssse3,+sse3"
#define V3 "+avx2,+fma,+avx,+f16c,+bmi,+bmi2,+lzcnt,+movbe,+popcnt"

/* The widest vectors of each target are used, and none beyond what it has; all that it has is known. */
START_TEST(test_vectors_of_targets) {
  static const struct {
    const char *cpu, *features, *has, *lacks, *found;
  } targets[] = {
      {"x86-64", NULL, "%xmm", "%ymm", ""},
      {"nehalem", NULL, "%xmm", "%ymm", "+popcnt" SSE},
      {"sandybridge", NULL, "%ymm", "%zmm", "+avx,+popcnt" SSE},
      {"bdver1", NULL, "%ymm", "%zmm", "+avx,+fma4,+xop,+lzcnt,+popcnt,+sse4a" SSE},
      {"x86-64-v3", NULL, "%ymm", "%zmm", V3 SSE},
      {"x86-64-v4", NULL, "%zmm", "none", "+avx512f,+avx512vl,+avx512bw,+avx512dq,+avx512cd," V3 SSE},
      {"x86-64-v3", "-avx,-avx2", "%xmm", "%ymm", "+bmi,+bmi2,+lzcnt,+movbe,+popcnt" SSE},
  };
  struct step step = doubling(0);
  struct plan plan = plan_of(&step, 1);
  for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
    struct emitted out = emit(&plan, targets[i].cpu, targets[i].features, EMIT_ASSEMBLY);
    ck_assert_msg(strstr(out.bytes, targets[i].has) != NULL, "%s: no %s", targets[i].cpu, targets[i].has);
    ck_assert_msg(strstr(out.bytes, targets[i].lacks) == NULL, "%s: %s", targets[i].cpu, targets[i].lacks);
    struct target resolved = resolve(targets[i].cpu, targets[i].features);
    ck_assert_str_eq(resolved.cpu, targets[i].cpu);
    ck_assert_str_eq(resolved.features, targets[i].found);
  }
}
END_TEST
#endif

int main(void) {
  Suite *suite = suite_create("emit");
  TCase *cases = suite_case(suite, "entry", setup, teardown);
  tcase_add_test(cases, test_kernels_of_one_form_are_one_function);
  tcase_add_test(cases, test_assembly_has_all_symbols);
  tcase_add_test(cases, test_description_can_be_read);
  tcase_add_test(cases, test_parts);
  tcase_add_test(cases, test_same_plan_same_bytes);
  tcase_add_test(cases, test_repeat);
  tcase_add_test(cases, test_host);
#ifdef __x86_64__
  tcase_add_test(cases, test_unknown_cpu);
  tcase_add_test(cases, test_unknown_feature);
  tcase_add_test(cases, test_vectors_of_targets);
#endif
  return suite_run(suite);
}

/* hrmc test FILE: runs the test blocks; a gradcheck compares with central finite differences in double precision. */
#include "commands.h"

#include "execute.h"

#include <math.h>
#include <string.h>

/* False after an interrupt (reported). */
static bool run(struct compilation *c, struct executable *x) {
  if (!c->run) return execute_run(x), true;
  c->was_interrupted = !c->run(x);
  if (c->was_interrupted) diag_report(c->diags, MSG_INTERRUPTED, (struct span){0});
  return !c->was_interrupted;
}

/* Runs the asserts of a test: for each its report, NULL where it holds; the whole NULL where all do. */
static struct diag **run_asserts(struct compilation *c, const struct test_case *t) {
  struct diag **failures = NULL;
  struct executable *x = t->count > 0 ? execute_load(c, t->graph, t->asserts, t->count) : NULL;
  if (!x) return NULL;
  bool ran = run(c, x);
  for (int i = 0; ran && i < t->count; i++) {
    const float *held = execute_value(x, t->asserts[i]);
    if (*held == 1.0f) continue;
    if (!failures) failures = arena_new_array(c->arena, struct diag *, (size_t)t->count);
    failures[i] = diag_report(c->diags, MSG_TEST_FAILED, t->places[i], t->title);
  }
  execute_free(x);
  return failures;
}

/* ---- the values of what failed ---- */

/* The subscripts of an element: " at [1, 0]"; of a scalar "". */
static const char *place_text(struct arena *a, const struct type *type, int64_t element) {
  const char *text = "";
  for (int axis = type->rank - 1; axis >= 0; axis--) {
    text = arena_printf(a, "%lld%s%s", (long long)(element % type->extent[axis]), *text ? ", " : "", text);
    element /= type->extent[axis];
  }
  return *text ? arena_printf(a, " at [%s]", text) : text;
}

/* What lacks leading axes serves every element of them. */
static double value_at(const struct executable *x, const struct symbol *side, int64_t element) {
  const double *values = execute_value(x, side);
  return values[element % type_elements(&side->type)];
}

static void show_first_failure(struct compilation *c, const struct executable *x, const struct assert_operands *o,
                               struct diag *d, struct span place) {
  const float *held = execute_value(x, o->held);
  int64_t element = 0, count = type_elements(&o->held->type);
  while (element < count && held[element] == 1.0f) element++;
  if (element < count)
    diag_range(c->diags, d, place, "%.9g and %.9g%s", value_at(x, o->left, element), value_at(x, o->right, element),
               place_text(c->arena, &o->held->type, element));
}

/* Runs a test again with the operands of its comparisons. */
static void show_values(struct compilation *c, const struct test_case *t, struct diag *const *failures) {
  enum { PARTS = 3 };
  struct symbol **symbols = arena_new_array(c->arena, struct symbol *, (size_t)t->count * (PARTS + 1));
  int count = t->count;
  memcpy(symbols, t->asserts, sizeof *symbols * (size_t)count);
  for (int i = 0; i < t->count; i++) {
    if (!t->operands[i].held) continue;
    symbols[count++] = t->operands[i].held;
    symbols[count++] = t->operands[i].left;
    symbols[count++] = t->operands[i].right;
  }
  struct executable *x = execute_load(c, t->graph, symbols, count);
  if (!x) return;
  bool ran = run(c, x);
  for (int i = 0; ran && i < t->count; i++)
    if (failures[i] && t->operands[i].held) show_first_failure(c, x, &t->operands[i], failures[i], t->places[i]);
  execute_free(x);
}

/* The tests are elaborated again for it, so that tests that hold compute nothing for this. */
static void show_failures(struct compilation *c, struct diag **const *failures, int count) {
  struct elaboration request;
  bool any = false;
  for (int i = 0; i < count; i++) any |= failures[i] != NULL;
  if (!any || !compile_request(c, &request)) return;
  request.shows_operands = true;
  const struct test_case *tests = elaborate_tests(&request, &count);
  for (int i = 0; tests && i < count; i++)
    if (failures[i]) show_values(c, &tests[i], failures[i]);
}

/* ---- gradients ---- */

static bool loss_at(struct compilation *c, struct executable *x, const struct gradient_check *k, int element,
                    double value, double *loss) {
  double *argument = execute_value(x, k->argument);
  double saved = argument[element];
  argument[element] = value;
  bool ran = run(c, x);
  argument[element] = saved;
  *loss = *(const double *)execute_value(x, k->loss);
  return ran;
}

static void compare_gradient(struct compilation *c, const struct test_case *t, const struct gradient_check *k,
                             struct executable *x) {
  enum { CENTRAL = 2 };
  int n = (int)type_elements(&k->argument->type);
  double *argument = execute_value(x, k->argument), *gradient = execute_value(x, k->gradient);
  double *exact = arena_new_array(c->arena, double, (size_t)n);
  for (int i = 0; i < n; i++) argument[i] = k->values[i];
  if (!run(c, x)) return;
  for (int i = 0; i < n; i++) exact[i] = gradient[i];
  for (int i = 0; i < n; i++) {
    double step = 1e-5 * fmax(1, fabs(k->values[i]));
    double above, below;
    if (!loss_at(c, x, k, i, k->values[i] + step, &above) || !loss_at(c, x, k, i, k->values[i] - step, &below))
      return;
    double slope = (above - below) / (CENTRAL * step);
    if (fabs(slope - exact[i]) <= 1e-6 * fmax(1, fabs(slope))) continue;
    diag_report(c->diags, MSG_GRADCHECK_FAILED, k->place, t->title, i, exact[i], slope);
    return;
  }
}

static void run_check(struct compilation *c, const struct test_case *t, const struct gradient_check *k) {
  struct symbol *symbols[] = {k->argument, k->gradient, k->loss};
  struct executable *x = execute_load(c, k->graph, symbols, 3);
  if (x) compare_gradient(c, t, k, x);
  execute_free(x);
}

bool run_test_blocks(struct compilation *c, const char *name) {
  struct elaboration request;
  int count, passed = 0;
  if (!compile_request(c, &request)) return false;
  const struct test_case *tests = elaborate_tests(&request, &count);
  struct diag ***failures = arena_new_array(c->arena, struct diag **, (size_t)count + 1);
  for (int i = 0; tests && !c->was_interrupted && i < count; i++) {
    int before = diag_count(c->diags, SEVERITY_ERROR);
    failures[i] = run_asserts(c, &tests[i]);
    for (int k = 0; k < tests[i].check_count && !c->was_interrupted; k++)
      run_check(c, &tests[i], &tests[i].checks[k]);
    passed += diag_count(c->diags, SEVERITY_ERROR) == before;
  }
  if (!c->was_interrupted) show_failures(c, failures, count);
  if (tests) printf("%s: %d passed, %d failed\n", name, passed, count - passed);
  return tests && passed == count;
}

void command_test(struct compilation *c, const char *path) {
  if (compile_parse(c, path)) run_test_blocks(c, path);
}

/* hrmc test FILE: runs the test blocks; a gradcheck compares with central finite differences in double precision. */
#include "commands.h"

#include "execute.h"

#include <math.h>

/* False after an interrupt (reported). */
static bool run(struct compilation *c, struct executable *x) {
  if (!c->run) return execute_run(x), true;
  c->was_interrupted = !c->run(x);
  if (c->was_interrupted) diag_report(c->diags, MSG_INTERRUPTED, (struct span){0});
  return !c->was_interrupted;
}

static void run_asserts(struct compilation *c, const struct test_case *t) {
  struct executable *x = t->count > 0 ? execute_load(c, t->graph, t->asserts, t->count) : NULL;
  if (!x) return;
  bool ran = run(c, x);
  for (int i = 0; ran && i < t->count; i++) {
    const float *held = execute_value(x, t->asserts[i]);
    if (!(*held == 1.0f)) diag_report(c->diags, MSG_TEST_FAILED, t->places[i], t->title);
  }
  execute_free(x);
}

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
  for (int i = 0; tests && !c->was_interrupted && i < count; i++) {
    int before = diag_count(c->diags, SEVERITY_ERROR);
    run_asserts(c, &tests[i]);
    for (int k = 0; k < tests[i].check_count && !c->was_interrupted; k++)
      run_check(c, &tests[i], &tests[i].checks[k]);
    passed += diag_count(c->diags, SEVERITY_ERROR) == before;
  }
  if (tests) printf("%s: %d passed, %d failed\n", name, passed, count - passed);
  return tests && passed == count;
}

void command_test(struct compilation *c, const char *path) {
  if (compile_parse(c, path)) run_test_blocks(c, path);
}

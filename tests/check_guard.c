/* Work that cannot go on ends at its guard: what it held is released, and whoever started it goes on. */
#include "compiler/driver/compile.h"
#include "compiler/graph.h"
#include "compiler/repl/session.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void do_nothing(void *context) { (void)context; }

static void want_too_much(void *context) { arena_array(context, SIZE_MAX / 2, 3); }

/* What a pass with a bug does: a number is taken for three. */
static void build_nonsense(void *context) {
  struct graph *g = graph_new(context, "train");
  struct node *one = graph_const(g, DTYPE_F32, 1);
  graph_reshape(g, one, 1, (int64_t[]){3});
}

static void allocate_often(void *context) {
  for (;;) arena_alloc(context, 1000);
}

static bool always(void) { return true; }

START_TEST(work_ends_by_itself) {
  struct guard guard = {0};
  ck_assert(guard_run(&guard, do_nothing, NULL));
}
END_TEST

START_TEST(a_bug_ends_the_work) {
  struct guard guard = {0};
  struct arena *a = arena_new_guarded(&guard);
  ck_assert(!guard_run(&guard, build_nonsense, a));
  ck_assert_int_eq(guard.cause, GUARD_BUG);
  ck_assert_ptr_nonnull(strstr(guard.text, "graph train"));
  arena_free(a);
}
END_TEST

START_TEST(want_of_memory_ends_the_work) {
  struct guard guard = {0};
  struct arena *a = arena_new_guarded(&guard);
  ck_assert(!guard_run(&guard, want_too_much, a));
  ck_assert_int_eq(guard.cause, GUARD_MEMORY);
  ck_assert_ptr_nonnull(strstr(guard.text, "out of memory"));
  arena_free(a);
}
END_TEST

START_TEST(an_interrupt_ends_the_work) {
  struct guard guard = {.interrupted = always};
  struct arena *a = arena_new_guarded(&guard);
  ck_assert(!guard_run(&guard, allocate_often, a));
  ck_assert_int_eq(guard.cause, GUARD_INTERRUPT);
  arena_free(a);
}
END_TEST

static void add_digit(void *number) { *(int *)number = *(int *)number * 10 + 1; }
static void double_it(void *number) { *(int *)number *= 2; }

START_TEST(what_is_deferred_is_done_from_the_last_to_the_first) {
  int number = 3;
  struct arena *a = arena_new();
  arena_defer(a, double_it, &number);
  arena_defer(a, add_digit, &number);
  arena_free(a);
  ck_assert_int_eq(number, 62);
}
END_TEST

START_TEST(without_a_guard_the_process_ends) { build_nonsense(arena_new()); }
END_TEST

/* ---- a session ---- */

/* Declares a function whose elaboration takes much memory. */
static const char greedy[] = "fn greedy(x: [N]) -> [N] {\n"
                             "  var h = x\n"
                             "  for i in 0..1000000 { h = h * h + x }\n"
                             "  return h\n"
                             "}";

static void limit_memory(long more) {
  long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  ck_assert_int_eq(fscanf(f, "%ld", &pages), 1);
  fclose(f);
  rlim_t limit = (rlim_t)(pages * sysconf(_SC_PAGESIZE) + more);
  ck_assert_int_eq(setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit}), 0);
}

START_TEST(a_session_outlives_want_of_memory) {
  struct session s;
  const struct options options = {0};
  session_open(&s, &options);
  session_begin(&s);
  ck_assert(session_enter(&s, "a = [1.0, 2.0]"));
  ck_assert(session_enter(&s, "a = a + a"));
  ck_assert(session_enter(&s, greedy));
  limit_memory(64L << 20);
  ck_assert(!session_enter(&s, "a = greedy(a)"));
  ck_assert_int_eq(s.exit_code, 5);
  ck_assert(((const float *)session_find_held(&s, "a")->data)[1] == 4);
  ck_assert(session_enter(&s, "a = a * a"));
  ck_assert(((const float *)session_find_held(&s, "a")->data)[1] == 16);
  session_close(&s);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("guard");
  TCase *tests = suite_case(suite, "guard", NULL, NULL);
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, work_ends_by_itself);
  tcase_add_test(tests, a_bug_ends_the_work);
  tcase_add_test(tests, want_of_memory_ends_the_work);
  tcase_add_test(tests, an_interrupt_ends_the_work);
  tcase_add_test(tests, what_is_deferred_is_done_from_the_last_to_the_first);
  tcase_add_exit_test(tests, without_a_guard_the_process_ends, 4);
  tcase_add_test(tests, a_session_outlives_want_of_memory);
  return suite_run(suite);
}

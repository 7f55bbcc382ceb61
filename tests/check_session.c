/* A session keeps nothing of the entries that it has done: memory stays flat over many of them.
 * SESSION_EVALUATIONS and SESSION_REDEFINITIONS in the environment say how many (200 and 16). */
#include "compiler/repl/session.h"
#include "tests/fake_session.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* AddressSanitizer asks the program for its options: what is freed is to be given back, or nothing would be flat. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"; }

static struct session session;
static char folder[32];

static void enter(const char *text) { ck_assert_msg(session_enter(&session, text), "%s", text); }

static void setup(void) {
  static const struct options options = {.data = "data"};
  struct hrm_error error;
  strcpy(folder, "/tmp/check-session-XXXXXX");
  ck_assert(mkdtemp(folder) && chdir(folder) == 0 && fake_session_write(".", &error));
  ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
  session_open(&session, &options);
  session_begin(&session);
}

static void teardown(void) {
  char command[64];
  session_close(&session);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
}

static int from_environment(const char *name, int otherwise) {
  const char *text = getenv(name);
  return text ? atoi(text) : otherwise;
}

static double resident_megabytes(void) {
  long pages[2] = {0, 0};
  FILE *f = fopen("/proc/self/statm", "r");
  ck_assert_int_eq(fscanf(f, "%ld %ld", &pages[0], &pages[1]), 2);
  fclose(f);
  return (double)pages[1] * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* Entries of all kinds, no two alike. */
static void evaluate(int number) {
  char text[128];
  snprintf(text, sizeof text, "a = [%d.0, 2.0] + %d.5", number, number % 7);
  enter(text);
  enter("nn.softmax(a @ a * [1.0, 0.1])");
  enter(":grad sum(a * a) wrt a");
  enter("2 + 3");
  ck_assert(!session_enter(&session, "a + [1.0, 2.0, 3.0]"));
}

static void redefine(int number) {
  char text[160];
  snprintf(text, sizeof text, "fn twice(x: [N]) -> [N] { return %d.0 * x + %d.25 * x }", number % 9, number);
  enter(text);
  enter(":train 1");
}

/* The first tenth fills what is filled once: LLVM's tables, the generations of kept kernels. */
static void repeat(void (*entry)(int number), int count, double megabytes) {
  double before = 0;
  for (int i = 0; i < count; i++) {
    if (i == count / 10) before = resident_megabytes();
    entry(i);
  }
  double grown = resident_megabytes() - before;
  ck_assert_msg(grown < megabytes, "%d entries took %.1f MB", count, grown);
  fprintf(stderr, "%d entries: %.1f MB more, of %.1f MB\n", count, grown, before);
}

START_TEST(evaluations_leave_memory_flat) { repeat(evaluate, from_environment("SESSION_EVALUATIONS", 200) / 5, 4); }
END_TEST

START_TEST(redefinitions_leave_memory_flat) {
  enter(":load m.hrm");
  repeat(redefine, from_environment("SESSION_REDEFINITIONS", 16), 8);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("session");
  TCase *tests = suite_case(suite, "memory", setup, teardown);
  tcase_set_timeout(tests, 0);
  tcase_add_test(tests, evaluations_leave_memory_flat);
  tcase_add_test(tests, redefinitions_leave_memory_flat);
  return suite_run(suite);
}

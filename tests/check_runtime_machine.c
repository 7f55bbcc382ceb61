/* What the runtime asks of the machine: runtime/cpu.c, interrupt.c, team.c. */
#include "runtime/cpu.h"
#include "runtime/interrupt.h"
#include "runtime/team.h"
#include "tests/suite.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* LLVM's name, and the kernel's in /proc/cpuinfo. */
static const struct {
  const char *llvm, *kernel;
} features[] = {
    {"cmov", "cmov"},
    {"popcnt", "popcnt"},
    {"sse2", "sse2"},
    {"sse3", "pni"},
    {"ssse3", "ssse3"},
    {"sse4.1", "sse4_1"},
    {"sse4.2", "sse4_2"},
    {"sse4a", "sse4a"},
    {"avx", "avx"},
    {"avx2", "avx2"},
    {"fma", "fma"},
    {"fma4", "fma4"},
    {"xop", "xop"},
    {"tbm", "tbm"},
    {"bmi", "bmi1"},
    {"bmi2", "bmi2"},
    {"lzcnt", "abm"},
    {"f16c", "f16c"},
    {"movbe", "movbe"},
    {"cx16", "cx16"},
    {"sahf", "lahf_lm"},
    {"prfchw", "3dnowprefetch"},
    {"rdrnd", "rdrand"},
    {"rdseed", "rdseed"},
    {"rdpid", "rdpid"},
    {"fsgsbase", "fsgsbase"},
    {"adx", "adx"},
    {"clwb", "clwb"},
    {"clflushopt", "clflushopt"},
    {"sha", "sha_ni"},
    {"aes", "aes"},
    {"vaes", "vaes"},
    {"pclmul", "pclmulqdq"},
    {"vpclmulqdq", "vpclmulqdq"},
    {"gfni", "gfni"},
    {"avxvnni", "avx_vnni"},
    {"avx512f", "avx512f"},
    {"avx512bw", "avx512bw"},
    {"avx512cd", "avx512cd"},
    {"avx512dq", "avx512dq"},
    {"avx512vl", "avx512vl"},
    {"avx512ifma", "avx512ifma"},
    {"avx512vbmi", "avx512vbmi"},
    {"avx512vbmi2", "avx512_vbmi2"},
    {"avx512vnni", "avx512_vnni"},
    {"avx512bitalg", "avx512_bitalg"},
    {"avx512vpopcntdq", "avx512_vpopcntdq"},
    {"avx512bf16", "avx512_bf16"},
    {"avx512fp16", "avx512_fp16"},
    {"avx512vp2intersect", "avx512_vp2intersect"},
};

static bool kernel_lists(const char *flags, const char *name) {
  size_t length = strlen(name);
  for (const char *at = flags; (at = strstr(at, name)); at += length) {
    if (at[-1] == ' ' && strchr(" \n", at[length])) return true;
  }
  return false;
}

/* Every feature is refused exactly where the kernel does not list it. */
START_TEST(test_features) {
  char line[8192] = "";
  struct hrm_error error;
  FILE *info = fopen("/proc/cpuinfo", "r");
  while (info && fgets(line, sizeof line, info) && strncmp(line, "flags", 5) != 0) continue;
  if (info) fclose(info);
  if (strncmp(line, "flags", 5) != 0) return; /* another system or machine */
  for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
    char text[80];
    snprintf(text, sizeof text, "-nonsense,+%s,+unheard-of", features[i].llvm);
    bool has = cpu_check("znver4", text, &error);
    ck_assert_msg(has == kernel_lists(line, features[i].kernel), "%s", features[i].llvm);
    if (has) continue;
    ck_assert_int_eq(error.code, HRM_SYSTEM);
    ck_assert_msg(strstr(error.text, features[i].llvm) && strstr(error.text, "znver4"), "%s", error.text);
  }
}
END_TEST

START_TEST(test_unknown_features) {
  struct hrm_error error;
  ck_assert(cpu_check("x", "", &error));
  ck_assert(cpu_check("x", "-sse9,+no-such-thing,-xop", &error));
}
END_TEST

static int seen;

static void see(int number) { seen = number; }

/* Two counts after one another begin at none, and the handlers of before come back. */
START_TEST(test_interrupt) {
  struct interrupt before;
  signal(SIGINT, see);
  for (int i = 0; i < 2; i++) {
    interrupt_begin(&before);
    ck_assert(!interrupt_requested());
    raise(i ? SIGTERM : SIGINT);
    ck_assert(interrupt_requested());
    ck_assert_int_eq(seen, 0);
    interrupt_end(&before);
    ck_assert(!interrupt_requested());
  }
  raise(SIGINT);
  ck_assert_int_eq(seen, SIGINT);
}
END_TEST

START_TEST(test_second_interrupt_ends) {
  pid_t child = fork();
  if (child == 0) {
    struct interrupt before;
    interrupt_begin(&before);
    raise(SIGTERM);
    raise(SIGINT);
    _exit(0);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == HRM_INTERRUPTED);
}
END_TEST

enum { MEMBERS = 8, ROUNDS = 300 };

struct membership {
  pthread_t thread;
  struct hrm_tile tile;
  atomic_int *steps; /* of all members together */
  bool ahead;        /* some other was not done with a round when this one went on */
};

static void *take_part(void *context) {
  struct membership *m = context;
  for (int round = 1; round <= ROUNDS; round++) {
    if ((round + m->tile.member) % 100 == 0) usleep(1000); /* long enough for the others to fall asleep */
    atomic_fetch_add(m->steps, 1);
    team_finished(&m->tile, 0);
    m->ahead |= atomic_load(m->steps) < round * MEMBERS;
  }
  return NULL;
}

static void check_waiting(bool crowded) {
  double seconds = 0, team_seconds = 0;
  int64_t examples = 0;
  struct profile profile = {&seconds, &team_seconds, &examples, 0};
  struct membership all[MEMBERS];
  atomic_int steps = 0;
  struct team team;
  team_new(&team);
  team.members = MEMBERS;
  team.crowded = crowded;
  team.profile = &profile;
  for (int i = 0; i < MEMBERS; i++) {
    all[i] = (struct membership){.tile = {.n = 3, .member = i, .members = MEMBERS, .team = &team}, .steps = &steps};
    ck_assert_int_eq(pthread_create(&all[i].thread, NULL, take_part, &all[i]), 0);
  }
  for (int i = 0; i < MEMBERS; i++) {
    ck_assert_int_eq(pthread_join(all[i].thread, NULL), 0);
    ck_assert(!all[i].ahead);
  }
  ck_assert_int_eq(examples, 3 * ROUNDS);
  ck_assert(seconds > 0);
  ck_assert_double_eq_tol(team_seconds, MEMBERS * seconds, 1e-9 * team_seconds);
  team_free(&team);
}

START_TEST(test_team_waits_awake) { check_waiting(false); }
END_TEST

START_TEST(test_team_waits_asleep) { check_waiting(true); }
END_TEST

int main(void) {
  Suite *suite = suite_create("runtime machine");
  TCase *tests = suite_case(suite, "machine", NULL, NULL);
  tcase_add_test(tests, test_features);
  tcase_add_test(tests, test_unknown_features);
  tcase_add_test(tests, test_interrupt);
  tcase_add_test(tests, test_second_interrupt_ends);
  tcase_add_test(tests, test_team_waits_awake);
  tcase_add_test(tests, test_team_waits_asleep);
  return suite_run(suite);
}

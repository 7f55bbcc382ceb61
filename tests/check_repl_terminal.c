/* The REPL on a pseudo-terminal: typing, editing keys, continuation, history, completion, interrupt and the end of
 * the input. */
#include "tests/suite.h"
#include <check.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCREEN = 1 << 16, PATIENCE = 60 };

struct terminal {
  int master;
  pid_t child;
  size_t length;
  char text[SCREEN]; /* what was printed since the last look */
};

static void open_file(struct terminal *t, const char *state, const char *file) {
  *t = (struct terminal){.master = -1};
  t->child = forkpty(&t->master, NULL, NULL, &(struct winsize){.ws_row = 24, .ws_col = 100});
  ck_assert_int_ge(t->child, 0);
  if (t->child > 0) return;
  setenv("TERM", "xterm", 1);
  setenv("LC_ALL", "C.UTF-8", 1);
  setenv("NO_COLOR", "1", 1);
  setenv("XDG_STATE_HOME", state, 1);
  execl(getenv("HRMC"), "hrmc", "repl", file, (char *)NULL);
  _exit(127);
}

static void type(struct terminal *t, const char *keys) {
  usleep(300000); /* until the editor reads: a control key that comes before is the terminal's, not its own */
  t->length = 0;
  t->text[0] = '\0';
  ck_assert_int_eq(write(t->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* Reads until the text is there; the end of the program, or nothing for a minute, fails. */
static void expect(struct terminal *t, const char *text) {
  while (!strstr(t->text, text)) {
    struct pollfd ready = {t->master, POLLIN, 0};
    int polled = poll(&ready, 1, PATIENCE * 1000);
    ssize_t n = polled > 0 ? read(t->master, t->text + t->length, SCREEN - 1 - t->length) : 0;
    if (n <= 0) ck_abort_msg("no '%s' in:\n%s", text, t->text);
    t->length += (size_t)n;
    t->text[t->length] = '\0';
  }
}

/* A session without a file, at its first prompt. */
static void open_terminal(struct terminal *t, const char *state) {
  open_file(t, state, NULL);
  expect(t, "> ");
}

/* Leaves by Ctrl-D; the exit code. */
static int leave(struct terminal *t) {
  int status = -1;
  char rest[256];
  type(t, "\004");
  while (read(t->master, rest, sizeof rest) > 0) continue;
  waitpid(t->child, &status, 0);
  close(t->master);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A folder for the state, gone afterwards. */
static char folder[] = "/tmp/hrmc-terminal-XXXXXX";

static void make_folder(void) {
  strcpy(folder, "/tmp/hrmc-terminal-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void) {
  char command[256];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  ck_assert_int_ge(fputs(text, f), 0);
  ck_assert_int_eq(fclose(f), 0);
}

/* A file with a mistake is known by its name, so that it can be mended. */
START_TEST(mended_file) {
  struct terminal t;
  char path[64];
  snprintf(path, sizeof path, "%s/m.hrm", folder);
  write_file(path, "let a = b\n");
  open_file(&t, folder, path);
  expect(&t, "unknown name 'b'");
  write_file(path, "let a = 40 + 2\n");
  type(&t, ":reload\r");
  type(&t, "a + 0.5\r");
  expect(&t, "42.5");
  leave(&t);
}
END_TEST

START_TEST(values) {
  struct terminal t;
  open_terminal(&t, folder);
  type(&t, "1 + 2\r");
  expect(&t, "\r\n3\r\n> ");
  type(&t, "nn.softmax([1.0,\r");
  expect(&t, "  ");
  type(&t, "1.0])\r");
  expect(&t, "[2] 0.5 0.5");
  type(&t, "unknown\r");
  expect(&t, "unknown name 'unknown' [E201]");
  type(&t, "2 * 3\r"); /* an error does not end a session at a terminal */
  expect(&t, "\r\n6\r\n> ");
  ck_assert_int_eq(leave(&t), 0);
}
END_TEST

START_TEST(editing) {
  struct terminal t;
  open_terminal(&t, folder);
  type(&t, "1 + 7\b5\r"); /* rubbed out */
  expect(&t, "\r\n6\r\n> ");
  type(&t, "0 + 4\001"
           "1\r"); /* Ctrl-A: to the beginning */
  expect(&t, "\r\n14\r\n> ");
  type(&t, "\020\r"); /* Ctrl-P: the last line again */
  expect(&t, "\r\n14\r\n> ");
  ck_assert_int_eq(leave(&t), 0);
}
END_TEST

START_TEST(other_letters) {
  struct terminal t;
  open_terminal(&t, folder);
  type(&t, "\"\u00e9x\"\r");
  expect(&t, "\r\n\"\u00e9x\"\r\n> ");
  ck_assert_int_eq(leave(&t), 0);
}
END_TEST

START_TEST(entries_of_several_lines_are_recalled) {
  struct terminal t;
  open_terminal(&t, folder);
  type(&t, "fn t(x: [N]) -> [N] {\r");
  type(&t, "return 2.0 * x }\r");
  type(&t, "\020\020\r"); /* the first line again, which goes on */
  type(&t, "return 3.0 * x }\r");
  expect(&t, "redefined t");
  ck_assert_int_eq(leave(&t), 0);
}
END_TEST

START_TEST(history_stays) {
  struct terminal t;
  open_terminal(&t, folder);
  type(&t, "100 + 11\r");
  expect(&t, "\r\n111\r\n> ");
  ck_assert_int_eq(leave(&t), 0);
  open_terminal(&t, folder);
  type(&t, "\020\r");
  expect(&t, "\r\n111\r\n> ");
  ck_assert_int_eq(leave(&t), 0);
}
END_TEST

START_TEST(completion) {
  struct terminal t;
  open_terminal(&t, folder);
  type(&t, ":gradc\t");
  expect(&t, "heck");
  type(&t, "\025nn.log_softm\t([1.0])\r"); /* Ctrl-U: a new line */
  expect(&t, "[1] 0\r\n> ");
  type(&t, "nn.log_s\t\t");
  expect(&t, "nn.log_softmax  nn.log_stablemax");
  type(&t, "\025l = nn.Linear(2, 3)\rl.w\t\r");
  expect(&t, "[out, in] = [3, 2]");
  type(&t, "fn two() { return nn.Block(nn.Linear(2, 2), nn.Linear(2, 2), over_positions = 0, norm = \"post\") }\r");
  type(&t, "m = nn.Level(two(), 1)\r");
  type(&t, "m.\t\t");
  expect(&t, "m.layers[0].");
  type(&t, "\025:set data=/et\t");
  expect(&t, "c/");
  type(&t, "\025:set se\t");
  expect(&t, "ed=");
  type(&t, "\025"
           "1 + 1\r");
  expect(&t, "\r\n2\r\n> ");
  ck_assert_int_eq(leave(&t), 0);
}
END_TEST

START_TEST(interrupt) {
  struct terminal t;
  open_terminal(&t, folder);
  type(&t, "1 +");
  expect(&t, "1 +");
  usleep(500000);   /* until the editor reads */
  type(&t, "\003"); /* Ctrl-C: what was typed is given up */
  expect(&t, "\r\n> ");
  type(&t, "fn slow(x: [N, N]) -> [N, N] { var h = x; repeat 1000000 grad none { h = h @ x }; return h }\r");
  expect(&t, "}\r\n> ");
  type(&t, "slow(fill(0.001, [256, 256]))\r");
  expect(&t, "\r\n");
  type(&t, "\003"); /* whether it is compiled still or runs already */
  expect(&t, "interrupted [E428]\r\n> ");
  type(&t, "\025"
           "1 + 2\r");
  expect(&t, "\r\n3\r\n> ");
  ck_assert_int_eq(leave(&t), 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("repl_terminal");
  TCase *terminal = suite_case(suite, "terminal", make_folder, remove_folder);
  tcase_add_test(terminal, values);
  tcase_add_test(terminal, mended_file);
  tcase_add_test(terminal, editing);
  tcase_add_test(terminal, other_letters);
  tcase_add_test(terminal, entries_of_several_lines_are_recalled);
  tcase_add_test(terminal, history_stays);
  tcase_add_test(terminal, completion);
  tcase_add_test(terminal, interrupt);
  return suite_run(suite);
}

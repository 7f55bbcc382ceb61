/* The prompt: lines of any text are completed and entered in a session, with a small model and data set at hand.  A
 * diagnostic of a bug is a finding, and so is a failed entry that leaves the session other than it was.  Each entry
 * is interrupted after a moment. */
#include "compiler/repl/console.h"
#include "compiler/repl/interrupt_point.h"
#include "compiler/repl/model.h"
#include "tests/fake_session.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_ENTRIES = 24, MOMENT = 500000000 /* ns */ };

static char folder[] = "/tmp/fuzz-session-XXXXXX";
static struct session session;      /* at one place, where its engine finds the guard again */
static struct engine *spare_engine; /* goes from session to session: it takes long to open */
static timer_t bell;
static int home; /* the folder in which the inputs are named */

static void remove_folder(void) {
  char command[64];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  if (system(command) != 0) perror(folder);
}

static void leave_engine(void) { engine_free(spare_engine); }

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* What the session prints is of no interest: the streams are the process's, its descriptors stay libFuzzer's. */
static void make_world(void) {
  struct hrm_error error;
  struct sigevent note = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGINT};
  home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (home < 0 || !mkdtemp(folder) || chdir(folder) != 0) fail(folder);
  atexit(remove_folder);
  atexit(leave_engine);
  if (!fake_session_write(".", &error)) fail("m.hrm");
  if (timer_create(CLOCK_MONOTONIC, &note, &bell) != 0) fail("timer");
  stdout = fopen("/dev/null", "w");
  if (!stdout) fail("/dev/null");
}

static void ring_after(long nanoseconds) {
  timer_settime(bell, 0, &(struct itimerspec){.it_value = {0, nanoseconds}}, NULL);
}

/* Entries that would write elsewhere, or wait long for what has no interest. */
static bool is_allowed(const char *text) {
  const char *word = text + strspn(text, " \t\r\n");
  if (!strncmp(word, ":save", 5)) return strstr(word, " w.safetensors\n") || strstr(word, " d.hrm\n");
  return strncmp(word, ":time", 5) != 0 || strlen(word) < 40;
}

struct counts {
  int units, held, fields, defines;
};

static struct counts count(const struct session *s) {
  return (struct counts){s->unit_count, s->held_count, s->field_count, s->options.define_count};
}

static void enter(struct session *s, const char *text) {
  struct counts before = count(s), after;
  interrupt_point_clear();
  ring_after(MOMENT);
  bool good = session_enter(s, text);
  ring_after(0);
  after = count(s);
  bool has_tests = strstr(text, "test") != NULL; /* which fail after the declarations that come with them are taken */
  if (s->exit_code == 4 || (!good && !has_tests && memcmp(&before, &after, sizeof before) != 0)) {
    fprintf(stderr, "%s", text);
    abort();
  }
}

static void complete(struct session *s, const char *line) {
  size_t begin;
  char **words = console_completions(s, line, &begin);
  if (words && begin > strlen(line)) abort();
  for (int i = 0; words && words[i]; i++) free(words[i]);
  free(words);
}

static void enter_lines(struct session *s, char *text) {
  int entries = 0;
  for (char *begin = text, *end = text; *end && entries < MOST_ENTRIES && !s->done;) {
    end += strcspn(end, "\n");
    if (*end) end++;
    char kept = *end;
    *end = '\0';
    if (console_is_complete(begin) || !kept) {
      if (strlen(begin) < 200) complete(s, begin);
      if (is_allowed(begin)) enter(s, begin), entries++;
      begin = end;
    }
    *end = kept;
  }
}

static void run(char *text) {
  const struct options options = {.data = "data"};
  session_open(&session, &options);
  session.engine = spare_engine;
  session_begin(&session);
  enter_lines(&session, text);
  model_drop(&session);
  spare_engine = session.engine;
  session.engine = NULL;
  session_close(&session);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static bool ready;
  struct sigaction ours = {.sa_handler = interrupt_point_note}, before;
  FILE *messages = stderr;
  if (!ready) make_world();
  ready = true;
  char *text = strndup((const char *)bytes, length);
  FILE *nowhere = fopen("/dev/null", "w");
  if (!text || !nowhere) fail("an input");
  sigaction(SIGINT, &ours, &before);
  stderr = nowhere;
  if (chdir(folder) != 0) fail(folder);
  run(text);
  if (fchdir(home) != 0) fail("the former folder");
  stderr = messages;
  sigaction(SIGINT, &before, NULL);
  fclose(nowhere);
  free(text);
  return 0;
}

#include "console.h"

#include "../lex.h"
#include "interrupt_point.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool console_is_complete(const char *text) {
  struct arena *a = arena_new();
  const struct source source = {.name = "prompt", .text = text, .length = strlen(text)};
  struct token_list list = lex(a, &source);
  int depth = 0, last = TOKEN_LINE_END;
  for (int i = 0; i < list.count; i++) {
    int kind = list.tokens[i].kind;
    depth += (kind == TOKEN_LEFT_PAREN || kind == TOKEN_LEFT_BRACKET || kind == TOKEN_LEFT_BRACE) -
             (kind == TOKEN_RIGHT_PAREN || kind == TOKEN_RIGHT_BRACKET || kind == TOKEN_RIGHT_BRACE);
    if (kind != TOKEN_LINE_END && kind != TOKEN_END) last = kind;
  }
  arena_free(a);
  return depth <= 0 && !token_continues_line((enum token_kind)last);
}

/* Lines of one entry. */
struct input {
  char *text;
  size_t length;
};

static void add_line(struct input *in, const char *line, size_t length) {
  char *grown = realloc(in->text, in->length + length + 2);
  if (!grown) guard_end(NULL, GUARD_MEMORY, "out of memory: no room for what is typed");
  in->text = grown;
  memcpy(in->text + in->length, line, length);
  in->length += length;
  in->text[in->length] = '\0';
}

static void clear(struct input *in) {
  free(in->text);
  *in = (struct input){NULL, 0};
}

/* Enters what is there; returns whether it was no error. */
static bool enter(struct session *s, struct input *in) {
  bool good = session_enter_bytes(s, in->text, in->length);
  clear(in);
  return good;
}

void console_run_script(struct session *s) {
  struct input in = {NULL, 0};
  char *line = NULL;
  size_t capacity = 0;
  bool good = true;
  for (ssize_t length; good && !s->done && (length = getline(&line, &capacity, stdin)) > 0;) {
    add_line(&in, line, (size_t)length);
    if (console_is_complete(in.text)) good = enter(s, &in);
  }
  if (good && in.text && !s->done) enter(s, &in);
  clear(&in);
  free(line);
}

/* ---- the terminal ---- */

struct terminal {
  struct session *session;
  EditLine *editor;
  History *history;
  struct input in;
  char *history_path; /* NULL: nowhere */
};

static char *prompt(EditLine *editor) {
  static char first[] = "> ", next[] = "  ";
  struct terminal *t = NULL;
  el_get(editor, EL_CLIENTDATA, &t);
  return t->in.text ? next : first;
}

static char *joined(const char *folder, const char *name) {
  char *path;
  return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* $XDG_STATE_HOME/hrmc/history, its folders made; NULL where there is no home. */
static char *history_path(void) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  char *base = NULL;
  if (state && state[0] == '/') {
    base = strdup(state);
  } else if (home) {
    char *local = joined(home, ".local");
    if (local) mkdir(local, 0700);
    base = local ? joined(local, "state") : NULL;
    free(local);
  }
  if (!base) return NULL;
  mkdir(base, 0700);
  char *folder = joined(base, "hrmc"), *path = NULL;
  if (folder) mkdir(folder, 0700);
  if (folder) path = joined(folder, "history");
  free(folder);
  free(base);
  return path;
}

/* How much of the words' beginnings is the same. */
static size_t shared_length(char **words) {
  size_t shared = strlen(words[0]);
  for (int i = 1; words[i]; i++)
    for (size_t k = 0; k < shared; k++)
      if (words[i][k] != words[0][k]) shared = k;
  return shared;
}

static unsigned char list_words(char **words) {
  putchar('\n');
  for (int i = 0; words[i]; i++) printf("%s%s", words[i], words[i + 1] ? "  " : "\n");
  fflush(stdout);
  return CC_REDISPLAY;
}

static unsigned char offer(EditLine *editor, char **words, size_t typed) {
  size_t shared = shared_length(words);
  if (shared <= typed) return words[1] ? list_words(words) : CC_ERROR;
  char *more = strndup(words[0] + typed, shared - typed);
  bool put = more && el_insertstr(editor, more) == 0;
  free(more);
  return put ? CC_REFRESH : CC_ERROR;
}

/* Puts in what all choices share; where that is nothing new, lists them. */
static unsigned char complete(EditLine *editor, int key) {
  struct terminal *t = NULL;
  const LineInfo *info = el_line(editor);
  size_t begin = 0;
  (void)key;
  el_get(editor, EL_CLIENTDATA, &t);
  char *line = strndup(info->buffer, (size_t)(info->cursor - info->buffer));
  char **words = line ? console_completions(t->session, line, &begin) : NULL;
  unsigned char result = words && words[0] ? offer(editor, words, strlen(line) - begin) : CC_ERROR;
  for (int i = 0; words && words[i]; i++) free(words[i]);
  free(words);
  free(line);
  return result;
}

static bool open_terminal(struct terminal *t) {
  HistEvent event;
  setlocale(LC_CTYPE, ""); /* the editor reads characters of the terminal's */
  t->editor = el_init("hrmc", stdin, stdout, stderr);
  t->history = history_init();
  if (!t->editor || !t->history) return false;
  history(t->history, &event, H_SETSIZE, 1000);
  history(t->history, &event, H_SETUNIQUE, 1);
  t->history_path = history_path();
  if (t->history_path) history(t->history, &event, H_LOAD, t->history_path);
  el_set(t->editor, EL_CLIENTDATA, t);
  el_set(t->editor, EL_PROMPT, prompt);
  el_set(t->editor, EL_EDITOR, "emacs");
  el_set(t->editor, EL_HIST, history, t->history);
  el_wset(t->editor, EL_ADDFN, L"hrmc-complete", L"complete a name", complete); /* el_set would leak copies */
  el_set(t->editor, EL_BIND, "^I", "hrmc-complete", NULL);
  el_source(t->editor, NULL);
  return true;
}

static void close_terminal(struct terminal *t) {
  HistEvent event;
  if (t->history && t->history_path) history(t->history, &event, H_SAVE, t->history_path);
  if (t->history) history_end(t->history);
  if (t->editor) el_end(t->editor);
  free(t->history_path);
  clear(&t->in);
}

/* Line by line, as the language has them: an entry of several is typed again from its first line on. */
static void remember(struct terminal *t, const char *line, size_t length) {
  HistEvent event;
  while (length && line[length - 1] == '\n') length--;
  char *text = strndup(line, length);
  if (text && *text) history(t->history, &event, H_ENTER, text);
  free(text);
}

/* Ctrl-C at the prompt gives up what was typed. */
static bool read_line(struct terminal *t) {
  int length = 0;
  errno = 0;
  interrupt_point_clear();
  const char *line = el_gets(t->editor, &length);
  if (line && length > 0) {
    add_line(&t->in, line, (size_t)length);
    remember(t, line, (size_t)length);
    return true;
  }
  if (errno != EINTR) return false;
  clear(&t->in);
  el_reset(t->editor);
  putchar('\n');
  return true;
}

void console_run_terminal(struct session *s) {
  struct terminal t = {.session = s};
  struct sigaction ours = {.sa_handler = interrupt_point_note}, before;
  sigemptyset(&ours.sa_mask);
  sigaction(SIGINT, &ours, &before);
  bool open = open_terminal(&t);
  while (open && !s->done && read_line(&t)) {
    if (t.in.text && console_is_complete(t.in.text)) enter(s, &t.in);
  }
  if (open && !s->done) putchar('\n');
  close_terminal(&t);
  sigaction(SIGINT, &before, NULL);
}

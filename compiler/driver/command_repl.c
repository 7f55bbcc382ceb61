/* hrmc repl and hrmc eval: a session on a terminal, as a script, or for one expression. */
#include "commands.h"

#include "../repl/console.h"

#include <stdlib.h>
#include <unistd.h>

static bool wants_colour(void) {
  const char *no_colour = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && !(no_colour && *no_colour);
}

/* Without a file the library is at hand; one that has mistakes is known by its name, for :reload. */
static bool open_session(struct session *s, const struct options *o, const char *file) {
  session_open(s, o);
  s->colour = wants_colour();
  if (file && session_load(s, file)) return true;
  session_begin(s);
  if (file) s->file = session_copy(s, file);
  return !file;
}

int command_repl(const struct options *o) {
  struct session s;
  bool terminal = isatty(STDIN_FILENO), opened = open_session(&s, o, o->file_count ? o->files[0] : NULL);
  if (terminal)
    console_run_terminal(&s);
  else if (opened)
    console_run_script(&s);
  int code = terminal ? 0 : s.exit_code;
  session_close(&s);
  return code;
}

int command_evaluate(const struct options *o) {
  struct session s;
  bool opened = open_session(&s, o, NULL);
  s.single = true;
  if (opened) session_enter(&s, o->files[0]);
  int code = s.exit_code;
  session_close(&s);
  return code;
}

/* hrmc: the command line of the compiler. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool want_colour(void) {
  const char *no_colour = getenv("NO_COLOR");
  return isatty(STDERR_FILENO) && !(no_colour && *no_colour);
}

/* One file, with an arena and diagnostics of its own. */
static int run_file(const struct options *o, const char *path) {
  struct compilation c = {.arena = arena_new(), .options = o};
  int code = 0;
  c.diags = diags_new(c.arena);
  if (!strcmp(o->command, "check"))
    command_check(&c, path);
  else if (!strcmp(o->command, "test"))
    command_test(&c, path);
  else if (!strcmp(o->command, "run"))
    code = command_run(&c, path);
  else
    command_compile(&c, path);
  diag_print(c.diags, stderr, want_colour());
  if (diag_exit_code(c.diags)) code = diag_exit_code(c.diags);
  arena_free(c.arena);
  return code;
}

int main(int argc, char **argv) {
  struct arena *a = arena_new();
  const struct options *o = options_parse(a, argc, argv);
  int worst = 0;
  for (int i = 0; i < o->file_count; i++) {
    int code = run_file(o, o->files[i]);
    if (code > worst) worst = code;
  }
  arena_free(a);
  if (fflush(stdout) != 0 && worst == 0) {
    perror("hrmc: standard output");
    worst = 5;
  }
  return worst;
}

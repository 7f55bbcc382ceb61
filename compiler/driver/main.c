/* hrmc: the command line of the compiler. */
#include "commands.h"
#include "suggest.h"

#include <stdlib.h>
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
  switch (o->command) {
  case HRMC_COMPILE: command_compile(&c, path); break;
  case HRMC_CHECK: command_check(&c, path); break;
  case HRMC_FMT: command_fmt(&c, path); break;
  case HRMC_EXPLAIN: break; /* reads no file */
  case HRMC_TEST: command_test(&c, path); break;
  case HRMC_RUN: code = command_run(&c, path); break;
  }
  suggestions_try(&c, path);
  if (o->json_diagnostics)
    diag_print_json(c.diags, stderr);
  else
    diag_print(c.diags, stderr, want_colour());
  if (diag_exit_code(c.diags)) code = diag_exit_code(c.diags);
  arena_free(c.arena);
  return code;
}

int main(int argc, char **argv) {
  struct arena *a = arena_new();
  const struct options *o = options_parse(a, argc, argv);
  int worst = o->command == HRMC_EXPLAIN ? command_explain(o) : 0;
  for (int i = 0; o->command != HRMC_EXPLAIN && i < o->file_count; i++) {
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

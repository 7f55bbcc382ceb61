/* hrmc: the command line of the compiler. */
#include "commands.h"
#include "suggest.h"

#include <stdlib.h>
#include <unistd.h>

static bool want_colour(void) {
  const char *no_colour = getenv("NO_COLOR");
  return isatty(STDERR_FILENO) && !(no_colour && *no_colour);
}

static struct compilation begin(const struct options *o) {
  struct compilation c = {.arena = arena_new(), .options = o};
  c.diags = diags_new(c.arena);
  return c;
}

/* Prints the messages; the exit code that they lead to. */
static int finish(struct compilation *c, const char *path) {
  suggestions_try(c, path);
  if (c->options->json_diagnostics)
    diag_print_json(c->diags, stderr);
  else
    diag_print(c->diags, stderr, want_colour());
  int code = diag_exit_code(c->diags);
  engine_free(c->engine);
  arena_free(c->arena);
  return code;
}

static int run_diff(const struct options *o) {
  struct compilation first = begin(o), second = begin(o);
  bool ok = command_diff_side(&first, o->files[0]);
  ok = command_diff_side(&second, o->files[1]) && ok;
  if (ok) command_diff(&first, &second);
  int a = finish(&first, o->files[0]), b = finish(&second, o->files[1]);
  return a > b ? a : b;
}

/* One file, with an arena and diagnostics of its own. */
static int run_file(const struct options *o, const char *path) {
  struct compilation c = begin(o);
  int code = 0;
  switch (o->command) {
  case HRMC_COMPILE: command_compile(&c, path); break;
  case HRMC_CHECK: command_check(&c, path); break;
  case HRMC_FMT: command_fmt(&c, path); break;
  case HRMC_TEST: command_test(&c, path); break;
  case HRMC_RUN: code = command_run(&c, path); break;
  case HRMC_DIFF:
  case HRMC_EXPLAIN:
  case HRMC_REPL:
  case HRMC_EVALUATE: break; /* see run */
  }
  int reported = finish(&c, path);
  return reported ? reported : code;
}

static int run_files(const struct options *o) {
  int worst = 0;
  for (int i = 0; i < o->file_count; i++) {
    int code = run_file(o, o->files[i]);
    if (code > worst) worst = code;
  }
  return worst;
}

static int run(const struct options *o) {
  switch (o->command) {
  case HRMC_DIFF: return run_diff(o);
  case HRMC_EXPLAIN: return command_explain(o);
  case HRMC_REPL: return command_repl(o);
  case HRMC_EVALUATE: return command_evaluate(o);
  default: return run_files(o);
  }
}

int main(int argc, char **argv) {
  struct arena *a = arena_new();
  int worst = run(options_parse(a, argc, argv));
  arena_free(a);
  bool written = fflush(stdout) == 0 && !ferror(stdout);
  if (!written && worst == 0) {
    fputs("hrmc: standard output cannot be written\n", stderr);
    worst = 5;
  }
  return worst;
}

/* hrmc: the command line of the compiler. */
#include "commands.h"

#include <stdio.h>

/* A command on a file. */
struct job {
  const struct options *options;
  struct compilation c;
  const char *path;
  int code; /* of what the command ran */
};

static void process_file(void *context) {
  struct job *j = context;
  switch (j->options->command) {
  case HRMC_COMPILE: command_compile(&j->c, j->path); break;
  case HRMC_CHECK: command_check(&j->c, j->path); break;
  case HRMC_FMT: command_fmt(&j->c, j->path); break;
  case HRMC_TEST: command_test(&j->c, j->path); break;
  case HRMC_RUN: j->code = command_run(&j->c, j->path); break;
  case HRMC_COMPARE:
  case HRMC_DIFF:
  case HRMC_EXPLAIN:
  case HRMC_REPL:
  case HRMC_EVALUATE: break; /* see run */
  }
}

static int run_file(const struct options *o, const char *path) {
  struct guard guard = {0};
  struct job j = {.options = o, .c = compilation_begin(o, &guard), .path = path};
  if (!guard_run(&guard, process_file, &j)) diag_report_end(j.c.diags, &guard);
  int reported = compilation_end(&j.c, path);
  return reported ? reported : j.code;
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
  case HRMC_COMPARE: return command_compare(o);
  case HRMC_DIFF: return command_diff(o);
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

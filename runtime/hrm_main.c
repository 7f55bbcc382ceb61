#include "runtime/hrm_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"
#include "runtime/nearest.h"

/* Where OpenBLAS is linked in, tiles already use every thread. */
__attribute__((weak)) void openblas_set_num_threads(int threads);

static const struct {
  const char *name, *text;
  command_function *run;
} commands[] = {
#define COMMAND(identifier, word, arguments, completes, text) {#word, text, command_##word},
    MODEL_COMMANDS(COMMAND)
#undef COMMAND
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const char exit_codes[] =
    "Exit codes: 0 success, 1 a mistake in the input (data set, checkpoint, puzzle), 2 in the command line,\n"
    "3 a limitation, 4 a bug in this program, 5 the system (disk, memory, permission), 6 training diverged,\n"
    "130 interrupted.\n";

static int help(FILE *out, const char *program, int code) {
  fprintf(out, "Usage: %s COMMAND [OPTION...]\n\n", program);
  for (int i = 0; i < COMMANDS; i++) fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].text);
  fprintf(out, "\n%s COMMAND --help (or -h) lists a command's options.  --version prints the compiler's version.\n%s",
          program, exit_codes);
  return code;
}

static int report(const char *program, const struct hrm_error *error) {
  fflush(stdout);
  fprintf(stderr, "%s: %s\n", program, error->text);
  return error->code;
}

/* The command sees "PROGRAM COMMAND" as its name in its messages. */
static int run_command(int which, int argc, char **argv, const struct hrm_code *code, const struct description *d) {
  struct hrm_error error;
  char *name = NULL, **arguments = calloc((size_t)argc + 1, sizeof *arguments);
  if (!arguments || asprintf(&name, "%s %s", argv[0], argv[1]) < 0) {
    hrm_fail(&error, HRM_SYSTEM, "out of memory");
    return report(argv[0], &error);
  }
  memcpy(arguments, argv + 1, (size_t)argc * sizeof *arguments);
  arguments[0] = name;
  const struct command_line line = {argc - 1, arguments, code, d};
  int exit_code = commands[which].run(&line, &error) ? 0 : report(name, &error);
  free(name);
  free(arguments);
  return exit_code;
}

static int find_command(const char *name) {
  for (int i = 0; i < COMMANDS; i++) {
    if (strcmp(commands[i].name, name) == 0) return i;
  }
  return -1;
}

static int refuse(const char *program, const char *word) {
  const char *words[COMMANDS];
  for (int i = 0; i < COMMANDS; i++) words[i] = commands[i].name;
  const char *nearest = nearest_word(word, words, COMMANDS);
  fprintf(stderr, "%s: there is no command '%s'", program, word);
  if (nearest) fprintf(stderr, ": did you mean '%s'?", nearest);
  fputc('\n', stderr);
  return help(stderr, program, HRM_USAGE);
}

static int dispatch(int argc, char **argv, const struct hrm_code *code, const struct description *d) {
  char version[200];
  snprintf(version, sizeof version, "%s, compiled by hrmc %s", d->model, d->compiler);
  argp_program_version = version;
  argp_err_exit_status = HRM_USAGE;
  if (argc < 2) return help(stderr, argv[0], HRM_USAGE);
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "-?") == 0) {
    return help(stdout, argv[0], 0);
  }
  if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) return puts(version) < 0;
  int which = find_command(argv[1]);
  if (which >= 0) return run_command(which, argc, argv, code, d);
  return refuse(argv[0], argv[1]);
}

int hrm_main(int argc, char **argv, const struct hrm_code *code) {
  struct description d;
  struct hrm_error error;
  if (!description_parse(&d, code->description, &error)) return report(argv[0], &error);
  if (openblas_set_num_threads) openblas_set_num_threads(1);
  int exit_code = dispatch(argc, argv, code, &d);
  argp_program_version = NULL;
  description_free(&d);
  return exit_code;
}

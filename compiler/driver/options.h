/* The command line of hrmc. */
#ifndef HRMC_DRIVER_OPTIONS_H
#define HRMC_DRIVER_OPTIONS_H

#include "../diag.h"
#include "option_lists.h"

#include <stdint.h>

enum emit_kind {
#define NAME(identifier, word, what) EMIT_KIND_##identifier,
  EMIT_FORMS(NAME)
#undef NAME
};

struct define {
  const char *name, *value;
  struct span place; /* in a source that holds the argument as typed */
};

enum hrmc_command {
#define COMMAND(identifier, word, arguments, completes, text) HRMC_##identifier,
  HRMC_COMMANDS(COMMAND)
#undef COMMAND
};

struct options {
  enum hrmc_command command;
  const char **files;
  int file_count, file_capacity;
  struct define *defines;
  int define_count, define_capacity;
  const char *data;   /* folder of a data set, or NULL */
  const char *output; /* or NULL */
  enum emit_kind emit;
  const char *after; /* name of the pass after which --emit=graph prints, or NULL: after all */
  bool report_memory, report_time;
  const char *target_cpu;
  bool openblas; /* --contract=openblas */
  int64_t tile;  /* 0: chosen by the compiler */
  char **rest;   /* run: the arguments behind "--" */
  int rest_count;
};

/* Parses the command line; prints help, version and mistakes as GNU programs do, ending the process (exit code 2 for
 * a mistake). Everything returned lives in the arena or in argv. */
struct options *options_parse(struct arena *a, int argc, char **argv);

#endif

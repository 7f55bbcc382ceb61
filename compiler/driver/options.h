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

enum report_kind {
#define REPORT(identifier, word, what) REPORT_##identifier,
  REPORTS(REPORT)
#undef REPORT
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

/* compare, diff: a model with settings of its own. */
struct variant {
  const char *name, *path;
  const char *text;              /* path and settings, as given */
  const struct options *options; /* with its own settings behind those that all share */
  const struct source *source;   /* the argument as typed */
};

struct comparison;

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
  bool json_diagnostics;
  bool json;         /* diff --json, compare --json */
  bool check_format; /* fmt --check */
  unsigned reports;  /* a bit for each report_kind */
  const char *target_cpu;
  bool openblas;                 /* --contract=openblas */
  bool bf16;                     /* --precision=bf16 */
  int64_t tile;                  /* 0: chosen by the compiler */
  struct comparison *comparison; /* compare: its budget and evaluations; NULL for other commands */
  struct variant *variants;      /* compare, diff: as many as files */
  char **rest;                   /* run: the arguments behind "--" */
  int rest_count;
};

/* Parses the command line; prints help, version and mistakes as GNU programs do, ending the process (exit code 2 for
 * a mistake). Everything returned lives in the arena or in argv. */
struct options *options_parse(struct arena *a, int argc, char **argv);

#endif

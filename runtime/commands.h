/* The commands of a compiled model.  Each parses its options (a wrong command line ends the process with code 2,
 * --help with 0), does its work, prints results on standard output, and returns success or a message. */
#ifndef HRM_COMMANDS_H
#define HRM_COMMANDS_H

#include <argp.h>

#include "runtime/description.h"
#include "runtime/model.h"
#include "runtime/option_lists.h"
#include "runtime/option_table.h"
#include "runtime/option_values.h"

struct command_line {
  int argc;
  char **argv; /* argv[0] is the program's name and the command's: "sudoku train" */
  const struct hrm_code *code;
  const struct description *description;
};

typedef bool command_function(const struct command_line *line, struct hrm_error *error);

command_function command_train, command_eval, command_solve, command_info, command_export, command_bench,
    command_replay, command_trace, command_plot, command_analyse;

/* The data set has the sizes that the model was compiled for. */
bool command_check_dataset(const struct dataset *dataset, const struct description *d, struct hrm_error *error);

/* Prints an object, and frees it. */
bool command_print_json(json_t *json, size_t flags, struct hrm_error *error);

/* Where a report goes: into a page, to standard output as JSON, or both. */
struct report_options {
  const char *output; /* NULL: no page */
  bool json;
};

/* A command line without either is wrong. */
void command_check_report(struct argp_state *state, const struct report_options *o);

/* Shows an object that names its page, completed with the checkpoint and the data set; frees it. */
bool command_show_report(const struct report_options *o, json_t *report, const char *checkpoint, const char *data,
                         struct hrm_error *error);

#endif

/* What the command lines of the builders share. */
#ifndef HRM_DATA_ARGUMENTS_H
#define HRM_DATA_ARGUMENTS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/data/option_lists.h"
#include "runtime/data/puzzle_sets.h"
#include "runtime/option_table.h"
#include "runtime/option_values.h"

enum { OUTPUT_OPTIONS(OPTION_KEY) };
enum { SET_OPTIONS(OPTION_KEY) };

/* Reads N or N-M. */
bool parse_range(const char *text, int64_t *least, int64_t *most);

/* Take an option of OUTPUT_OPTIONS, or of these and SET_OPTIONS; ARGP_ERR_UNKNOWN where it is none. */
error_t parse_output_option(int key, char *text, struct argp_state *state, struct output_options *options);
error_t parse_set_option(int key, char *text, struct argp_state *state, struct puzzle_options *options);

/* What is wrong with them together ends the program. */
void check_output_options(struct argp_state *state, const struct output_options *options);
void check_set_options(struct argp_state *state, const struct puzzle_options *options);

/* Runs a builder with interrupts caught, prints its error, and returns the exit code. */
typedef bool builder(void *context, struct hrm_error *error);
int run_builder(builder *make, void *context);

/* For the help of each command. */
#define DATA_EXIT_CODES                                                                                              \
  "Exit codes: 0 done, 1 bad input, 2 bad command line, 3 a limitation, 5 the system (a full disk, permissions), "   \
  "130 interrupted.  Nothing half-written is left."

#endif

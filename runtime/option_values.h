/* Values of options, for the programs of runtime/option_table.h: what is out of range is a wrong command line, which
 * ends the process.  An option is named in messages as the row of its key names it. */
#ifndef HRM_OPTION_VALUES_H
#define HRM_OPTION_VALUES_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

int64_t option_integer(struct argp_state *state, int key, const char *text, int64_t least, int64_t most);
double option_real(struct argp_state *state, int key, const char *text, double least);
double option_probability(struct argp_state *state, int key, const char *text);

/* Ends the process where the value of the option is missing. */
void option_require(struct argp_state *state, int key, const void *value);

/* Ranges that programs share: threads begin at 1, seeds at 0. */
enum { MOST_THREADS = 4096 };
#define MOST_SEED INT64_MAX
/* More than anyone asks for: messages say "from N on". */
#define OPTION_ANY (INT64_C(1) << 50)

int option_default_threads(void);

/* What OPTION_HELP and all other keys mean that no command knows. */
error_t option_help(struct argp_state *state, int key);

/* The same where all arguments are options: others are a wrong command line. */
error_t option_refuse(struct argp_state *state, int key, const char *argument);

/* A whole number without a sign; *end: what follows it.  False where there is none that fits. */
bool number_read(const char *text, const char **end, int64_t *number);

#endif

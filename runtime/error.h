/* Errors of the runtime and of its tools.
 *
 * A function that can fail takes a struct hrm_error, returns false and leaves its message there; it prints nothing
 * and ends nothing.  Commands print the message after the program's name and exit with the code. */
#ifndef HRM_ERROR_H
#define HRM_ERROR_H

#include <stdbool.h>

enum hrm_error_code {
  HRM_INPUT = 1,      /* the user's input: a file, a data set, a checkpoint, a puzzle */
  HRM_USAGE = 2,      /* the command line */
  HRM_LIMITATION = 3, /* right, but not supported */
  HRM_BUG = 4,        /* our mistake */
  HRM_SYSTEM = 5,     /* the system: memory, disk, permissions */
  HRM_DIVERGED = 6,   /* training met a value that is not finite */
  HRM_INTERRUPTED = 130,
};

struct hrm_error {
  int code;        /* an enum hrm_error_code, which is also the exit code; meaningful only after a failure */
  char text[4096]; /* one message without a newline; may be cut short */
};

/* Sets code and message; always returns false, for `return hrm_fail(...)`. error may be NULL. */
__attribute__((format(printf, 3, 4))) bool hrm_fail(struct hrm_error *error, int code, const char *format, ...);

#endif

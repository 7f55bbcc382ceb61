/* A compiled model as a program: train, eval, solve, info, bench. */
#ifndef HRM_MAIN_H
#define HRM_MAIN_H

#include "runtime/hrm.h"

/* Runs argv[1] with the arguments behind it and returns the exit code: 0, or one of runtime/error.h.  A wrong command
 * line, --help and --version end the process. */
int hrm_main(int argc, char **argv, const struct hrm_code *code);

#endif

/* How the programs of the tests begin and end. */
#ifndef HRMC_TESTS_SUITE_H
#define HRMC_TESTS_SUITE_H

#include <check.h>

/* A case of the suite; each of its tests runs between setup and teardown (NULL: neither). */
TCase *suite_case(Suite *suite, const char *name, SFun setup, SFun teardown);

/* Runs the suite, as Check's variables in the environment say, and frees it; what main() returns. */
int suite_run(Suite *suite);

#endif

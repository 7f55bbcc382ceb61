/* The folder of recorded runs and real puzzles, which a clone does not have: $HRM_SHARED, else ../shared beside the
 * top source folder. */
#ifndef HRM_TESTS_SHARED_H
#define HRM_TESTS_SHARED_H

#include <stdbool.h>
#include <stddef.h>

/* Writes the path of a file in it; false where it is not there. */
bool shared_path(char *out, size_t size, const char *name);

#endif

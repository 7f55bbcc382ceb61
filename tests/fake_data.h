/* A data set for the fake model (tests/fake_model.h), in the published form. */
#ifndef FAKE_DATA_H
#define FAKE_DATA_H

#include "runtime/error.h"

/* Writes DIR/train with `groups` groups of three puzzles of two examples, and DIR/test with 11 groups of one.  Inputs
 * are random; a label is the input's digit plus one, so that a table learns it.  DIR must be there. */
bool fake_data_write(const char *directory, int groups, struct hrm_error *error);

#endif

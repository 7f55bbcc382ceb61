/* What the targets that read files of tensors share. */
#ifndef HRM_FUZZ_TENSORS_H
#define HRM_FUZZ_TENSORS_H

#include "tests/fuzz/fuzz.h"

/* Opens a file of these bytes and reads every tensor in it. */
void fuzz_tensors(const uint8_t *bytes, size_t length);

#endif

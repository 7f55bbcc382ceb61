/* Large zeroed memory for weights, gradients and activations. */
#ifndef HRM_MEMORY_H
#define HRM_MEMORY_H

#include <stddef.h>

#include "runtime/error.h"

/* count · size bytes of zeros on a 64-byte boundary, in huge pages where that helps; free() frees them.  NULL and a
 * message where the memory cannot be had.  Asking for nothing gives a valid address. */
void *memory_new(size_t count, size_t size, struct hrm_error *error);

#endif

/* UTF-8, as far as source text and messages need it. */
#ifndef HRMC_UTF8_H
#define HRMC_UTF8_H

#include <stddef.h>

/* The length of the well-formed sequence (1 to 4 bytes) that starts at text, or 0: malformed, overlong, a surrogate,
 * cut off, or nothing available. */
int utf8_sequence(const char *text, size_t available);

/* The length of a sequence as above, or 1 where there is none, so that a scan always goes on. */
int utf8_step(const char *text, size_t available);

#endif

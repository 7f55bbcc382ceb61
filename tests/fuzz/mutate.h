/* A change of a program's text that mostly keeps it a program: tokens and lines are dropped, doubled, exchanged and
 * taken over from another program. */
#ifndef HRM_FUZZ_MUTATE_H
#define HRM_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* Changes the `length` bytes of text in place, to at most `room`; returns the new length. other is where foreign
 * tokens and lines come from; it may be the same text. */
size_t mutate_text(char *text, size_t length, size_t room, const char *other, size_t other_length, uint32_t seed);

#endif

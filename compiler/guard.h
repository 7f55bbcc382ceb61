/* The way out of work that cannot go on: a bug of ours deep in a pass, memory that is not there, an interrupt.
 *
 * Whoever starts compilations owns a guard and runs them with guard_run(); arenas that are opened under it know it,
 * and all that works in such an arena ends the work with arena_fail() (arena.h).  What the work held is released with
 * its arena (arena_defer).  Work without a guard ends the process, with the cause as its exit code. */
#ifndef HRMC_GUARD_H
#define HRMC_GUARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

enum guard_cause { GUARD_INTERRUPT = 1, GUARD_BUG = 4, GUARD_MEMORY = 5 };

struct guard {
  bool (*interrupted)(void); /* work ends at its next large allocation where this is true; or NULL */
  /* of the work that was ended: */
  enum guard_cause cause;
  char text[256];  /* what went wrong, cut to fit */
  jmp_buf *border; /* of the work that runs; NULL: none */
};

/* Runs work(context); false where it was ended: cause and text say why. */
bool guard_run(struct guard *g, void (*work)(void *context), void *context);

/* Ends the work that runs under g; g may be NULL. */
_Noreturn void guard_end(struct guard *g, enum guard_cause cause, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void guard_vend(struct guard *g, enum guard_cause cause, const char *format, va_list arguments);

/* Ends it where it was interrupted. */
void guard_check(struct guard *g);

#endif

/* Interrupts of a session: Ctrl-C ends the expression that is evaluated, not the session. */
#ifndef HRMC_REPL_INTERRUPT_POINT_H
#define HRMC_REPL_INTERRUPT_POINT_H

#include "../driver/execute.h"

/* Runs loaded code; false where an interrupt ended it.  Generated code allocates and locks nothing, so that it can be
 * left at any point; the signal's former handler is there again afterwards. */
bool interrupt_point_run(struct executable *x);

/* A handler for the rest of an entry: the guard ends what compiles, and the next run ends at once. */
void interrupt_point_note(int signal);
bool interrupt_point_noted(void); /* whether there was one */
void interrupt_point_clear(void); /* before an entry */

#endif

/* SIGINT and SIGTERM.  The first asks to finish the step and save; the second ends the process at once. */
#ifndef HRM_INTERRUPT_H
#define HRM_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/* What was done about the signals before. */
struct interrupt {
  struct sigaction sigint, sigterm;
};

/* From here on both signals are counted, from none; one part of a process may do so at a time. */
void interrupt_begin(struct interrupt *before);
/* The signals do what they did before. */
void interrupt_end(const struct interrupt *before);

bool interrupt_requested(void);

#endif

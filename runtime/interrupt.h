/* SIGINT and SIGTERM.  The first asks to finish the step and save; the second ends the process at once. */
#ifndef HRM_INTERRUPT_H
#define HRM_INTERRUPT_H

#include <stdbool.h>

/* Both signals are counted from here on. */
void interrupt_install(void);
bool interrupt_requested(void);

#endif

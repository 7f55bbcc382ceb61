#include "interrupt_point.h"

#include <setjmp.h>
#include <signal.h>

/* A handler has no argument of its own: these are what it shares with what it interrupts. */
static sigjmp_buf *volatile way_out;
static volatile sig_atomic_t asked;

void interrupt_point_note(int signal) { asked = signal; }

bool interrupt_point_noted(void) { return asked != 0; }

void interrupt_point_clear(void) { asked = 0; }

static void leave(int signal) { siglongjmp(*way_out, signal); }

bool interrupt_point_run(struct executable *x) {
  sigjmp_buf here;
  struct sigaction action = {.sa_handler = leave}, before;
  sigemptyset(&action.sa_mask);
  volatile bool finished = false;
  if (asked) return false;
  if (sigsetjmp(here, 1) == 0) {
    way_out = &here;
    sigaction(SIGINT, &action, &before);
    execute_run(x);
    finished = true;
  }
  sigaction(SIGINT, &before, NULL);
  return finished;
}

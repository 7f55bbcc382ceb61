#include "runtime/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include "runtime/error.h"

/* A signal handler can reach nothing but static memory. */
static volatile sig_atomic_t signals;

static void count_signal(int number) {
  (void)number;
  signals = signals + 1;
  if (signals > 1) _exit(HRM_INTERRUPTED);
}

void interrupt_install(void) {
  struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool interrupt_requested(void) { return signals > 0; }

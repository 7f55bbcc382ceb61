#include "runtime/interrupt.h"

#include <unistd.h>

#include "runtime/error.h"

/* A signal handler can reach nothing but static memory. */
static volatile sig_atomic_t signals;

static void count_signal(int number) {
  (void)number;
  signals = signals + 1;
  if (signals > 1) _exit(HRM_INTERRUPTED);
}

void interrupt_begin(struct interrupt *before) {
  struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  signals = 0;
  sigaction(SIGINT, &action, &before->sigint);
  sigaction(SIGTERM, &action, &before->sigterm);
}

void interrupt_end(const struct interrupt *before) {
  sigaction(SIGINT, &before->sigint, NULL);
  sigaction(SIGTERM, &before->sigterm, NULL);
  signals = 0;
}

bool interrupt_requested(void) { return signals > 0; }

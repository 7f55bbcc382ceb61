#include "tests/measured.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* MEASURED_COUNT: counts and decisions, which are compared exactly. */
static enum measured_kind kind_of(const char *name) {
  const char *of_step = strchr(name, '.');
  if (begins(name, "grad.")) return MEASURED_GRADIENTS;
  if (begins(name, "final.")) return MEASURED_WEIGHTS;
  if (!of_step) return MEASURED_COUNT;
  of_step++;
  if (begins(of_step, "logits")) return MEASURED_LOGITS;
  if (begins(of_step, "q_") || begins(of_step, "target_")) return MEASURED_VALUES;
  if (begins(of_step, "z_")) return MEASURED_STATES;
  return begins(of_step, "loss") || begins(of_step, "metric.") ? MEASURED_LOSSES : MEASURED_COUNT;
}

void measured_note(struct measured *m, const char *name, double relative) {
  enum measured_kind kind = kind_of(name);
  if (kind == MEASURED_COUNT) return;
  m->worst[kind] = fmax(m->worst[kind], relative);
  m->tensors[kind]++;
}

void measured_print(const struct measured *m, const char *run) {
  printf("| %s |", run);
  for (int kind = 0; kind < MEASURED_COUNT; kind++) {
    if (m->tensors[kind])
      printf(" %.1e |", m->worst[kind]);
    else
      printf(" |");
  }
  printf("\n");
  fflush(stdout);
}

/* Progress on standard error: a bar on a terminal, a line now and then elsewhere. */
#ifndef HRM_PROGRESS_H
#define HRM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
  FILE *stream;
  bool terminal, colour; /* colour: a terminal, and NO_COLOR is not set */
  bool drawn;            /* a bar stands on the present line */
  double shown;          /* clock of the last bar or line */
};

struct progress progress_new(FILE *stream);

/* Whether it is time to show something: ten times a second on a terminal, else every ten seconds. */
bool progress_due(const struct progress *p);

/* Shows done of total units, e.g. "step 12/100 [#---] text  left 0:12".  seconds_left is left out if negative. */
void progress_show(struct progress *p, const char *unit, int64_t done, int64_t total, const char *text,
                   double seconds_left);

/* A line that stays. */
__attribute__((format(printf, 2, 3))) void progress_line(struct progress *p, const char *format, ...);

/* Takes the bar away. */
void progress_clear(struct progress *p);

#endif

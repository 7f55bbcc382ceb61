#include "runtime/schedule.h"

#include <math.h>

double schedule_factor(const struct schedule *schedule, int64_t step, int64_t steps) {
  if (step < schedule->warmup) return (double)step / (double)schedule->warmup;
  if (schedule->kind == SCHEDULE_CONSTANT) return 1;
  double descent = (double)(steps > schedule->warmup ? steps - schedule->warmup : 1);
  double progress = fmin((double)(step - schedule->warmup) / descent, 1);
  return schedule->floor + (1 - schedule->floor) * 0.5 * (1 + cos(M_PI * progress));
}

#include "runtime/metrics.h"

static double mean_of(const float *values, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; values && i < count; i++) sum += values[i];
  return sum / (double)count;
}

static void add_halted(struct metrics *sums, const struct slots *slots, int64_t slot) {
  const float *accuracy = slots_standard(slots, TENSOR_ACCURACY), *correct = slots_standard(slots, TENSOR_CORRECT);
  const float *halt = slots_standard(slots, TENSOR_HALT);
  sums->halted += 1;
  sums->accuracy += accuracy[slot];
  sums->exact += correct[slot] > 0;
  sums->halt_right += (halt[slot] >= 0) == (correct[slot] > 0);
  sums->segments += slots->steps[slot];
}

void metrics_add(struct metrics *sums, const struct slots *slots) {
  sums->steps += 1;
  sums->lm_loss += mean_of(slots_standard(slots, TENSOR_LM_LOSS), slots->count);
  sums->halt_loss += mean_of(slots_standard(slots, TENSOR_HALT_LOSS), slots->count);
  sums->continue_loss += mean_of(slots_standard(slots, TENSOR_CONTINUE_LOSS), slots->count);
  for (int64_t i = 0; i < slots->count; i++) {
    if (slots->halted[i] && slots_has_labels(slots, i)) add_halted(sums, slots, i);
  }
}

static json_t *mean_or_null(double sum, double count) { return count > 0 ? json_real(sum / count) : json_null(); }

json_t *metrics_json(const struct metrics *s, int64_t step) {
  return json_pack("{s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "step", (json_int_t)step, "lm_loss",
                   mean_or_null(s->lm_loss, s->steps), "halt_loss", mean_or_null(s->halt_loss, s->steps),
                   "continue_loss", mean_or_null(s->continue_loss, s->steps), "halted", (json_int_t)s->halted,
                   "accuracy", mean_or_null(s->accuracy, s->halted), "exact_accuracy",
                   mean_or_null(s->exact, s->halted), "halt_accuracy", mean_or_null(s->halt_right, s->halted),
                   "mean_segments", mean_or_null(s->segments, s->halted));
}

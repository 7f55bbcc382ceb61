#include "runtime/act.h"

#include "runtime/random.h"

bool act_wants_halt(enum act_kind kind, float halt, float continue_value) {
  switch (kind) {
  case ACT_Q_LEARNING: return halt > continue_value;
  case ACT_HALT_HEAD: return halt > 0;
  case ACT_FIXED: break;
  }
  return false;
}

static int64_t exploration_minimum(const struct act_policy *act, struct random_stream r, int64_t step) {
  if (act->max_segments < 2 || stream_uniform(r, 2 * (uint64_t)step) >= act->exploration) return 1;
  return 2 + stream_below(r, 2 * (uint64_t)step + 1, act->max_segments - 1);
}

void act_halt(const struct act_policy *act, struct slots *slots, uint64_t seed, int64_t step) {
  const float *halt = slots_standard(slots, TENSOR_HALT), *go_on = slots_standard(slots, TENSOR_CONTINUE);
  for (int64_t i = 0; i < slots->count; i++) {
    bool wants = act_wants_halt(act->kind, halt[i], go_on ? go_on[i] : 0);
    int64_t minimum = exploration_minimum(act, stream_named(seed, "exploration", (uint64_t)i), step);
    slots->halted[i] = slots->steps[i] >= act->max_segments || (wants && slots->steps[i] >= minimum);
  }
}

#include "runtime/team.h"

#include <sched.h>

#include "runtime/clock.h"

/* Kernels take microseconds, so threads wait awake; where others need the cores they give way after a while. */
static void wait_for_round(struct team *t, long long round) {
  enum { SPINS = 4096 };
  for (int spins = 0; atomic_load_explicit(&t->round, memory_order_acquire) == round; spins++) {
    if (spins >= SPINS) sched_yield();
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

static void wait_for_others(struct team *t) {
  long long round = atomic_load_explicit(&t->round, memory_order_relaxed);
  if (atomic_fetch_add(&t->arrived, 1) + 1 < t->members) {
    wait_for_round(t, round);
    return;
  }
  atomic_store(&t->arrived, 0);
  atomic_store_explicit(&t->round, round + 1, memory_order_release);
}

static void record(struct profile *p, int64_t kernel, int64_t examples) {
  double now = clock_thread_seconds();
  p->seconds[kernel] += now - p->last;
  p->examples[kernel] += examples;
  p->last = now;
}

void team_finished(const struct hrm_tile *tile, int64_t kernel) {
  struct team *t = tile->team;
  if (t->members > 1) wait_for_others(t);
  if (t->profile && tile->member == 0) record(t->profile, kernel, tile->n);
}

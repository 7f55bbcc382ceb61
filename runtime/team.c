#include "runtime/team.h"

#include "runtime/clock.h"

void team_new(struct team *t) {
  *t = (struct team){0};
  pthread_mutex_init(&t->lock, NULL);
  pthread_cond_init(&t->begun, NULL);
}

void team_free(struct team *t) {
  pthread_cond_destroy(&t->begun);
  pthread_mutex_destroy(&t->lock);
}

static bool is_over(const struct team *t, long long round) {
  return atomic_load_explicit(&t->round, memory_order_acquire) != round;
}

/* Kernels take microseconds, so threads wait awake.  A longer wait is for a thread that other programs keep from its
 * core: who sleeps then gets a core at once when it wakes, who went on would have used up its share. */
static void wait_for_round(struct team *t, long long round) {
  enum { SPINS = 4096 };
  for (int spins = 0; spins < SPINS && !t->crowded; spins++) {
    if (is_over(t, round)) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  pthread_mutex_lock(&t->lock);
  while (!is_over(t, round)) pthread_cond_wait(&t->begun, &t->lock);
  pthread_mutex_unlock(&t->lock);
}

static void wait_for_others(struct team *t) {
  long long round = atomic_load_explicit(&t->round, memory_order_relaxed);
  if (atomic_fetch_add(&t->arrived, 1) + 1 < t->members) {
    wait_for_round(t, round);
    return;
  }
  atomic_store(&t->arrived, 0);
  pthread_mutex_lock(&t->lock);
  atomic_store_explicit(&t->round, round + 1, memory_order_release);
  pthread_cond_broadcast(&t->begun);
  pthread_mutex_unlock(&t->lock);
}

static void record(struct profile *p, int64_t members, int64_t kernel, int64_t examples) {
  double now = clock_thread_seconds();
  p->seconds[kernel] += now - p->last;
  p->team_seconds[kernel] += (double)members * (now - p->last);
  p->examples[kernel] += examples;
  p->last = now;
}

void team_finished(const struct hrm_tile *tile, int64_t kernel) {
  struct team *t = tile->team;
  if (t->members > 1) wait_for_others(t);
  if (t->profile && tile->member == 0) record(t->profile, t->members, kernel, tile->n);
}

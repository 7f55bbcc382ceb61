/* plan_memory: offsets of the buffers of one function in its arena.
 *
 * A buffer is live from the first to the last step that touches it; one that is touched both inside and outside a
 * repeat is live during all of the repeat.  Large buffers are placed first, each into the smallest gap that the
 * buffers placed before, and live at the same time, leave. */
#include "planner.h"

#include <stdlib.h>

enum { ALIGNMENT = 64 };

static int64_t align(int64_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static bool extend_over(struct buffer *b, const struct step_range *r) {
  bool first_inside = b->first >= r->first && b->first <= r->last;
  bool last_inside = b->last >= r->first && b->last <= r->last;
  if (b->last < 0 || first_inside == last_inside) return false;
  if (first_inside) b->first = r->first;
  if (last_inside) b->last = r->last;
  return true;
}

/* Inner repeats come before the outer ones around them, so one round is enough. */
static void extend_over_repeats(struct planner *p) {
  for (int i = 0; i < p->repeat_count; i++)
    for (int j = 0; j < p->buffer_count; j++) extend_over(p->buffers[j], &p->repeats[i]);
}

static bool live_together(const struct buffer *a, const struct buffer *b) {
  return a->first <= b->last && b->first <= a->last;
}

static int by_size(const void *x, const void *y) {
  const struct buffer *const *a = x, *const *b = y;
  if ((*a)->bytes != (*b)->bytes) return (*a)->bytes < (*b)->bytes ? 1 : -1;
  return ((*a)->first > (*b)->first) - ((*a)->first < (*b)->first);
}

/* The buffers that have their offset, sorted by it. */
struct placed {
  struct buffer **buffers;
  int count;
};

/* The smallest gap between those that live together with b, else the end of them. */
static int64_t best_gap(const struct placed *placed, const struct buffer *b) {
  int64_t end = 0, best = -1, best_size = INT64_MAX;
  for (int i = 0; i < placed->count; i++) {
    const struct buffer *neighbour = placed->buffers[i];
    if (!live_together(b, neighbour)) continue;
    int64_t size = neighbour->offset - end, after = align(neighbour->offset + neighbour->bytes);
    if (size >= b->bytes && size < best_size) {
      best = end;
      best_size = size;
    }
    if (after > end) end = after;
  }
  return best >= 0 ? best : end;
}

static void place(struct placed *placed, struct buffer *b) {
  b->offset = best_gap(placed, b);
  int at = placed->count++;
  for (; at > 0 && placed->buffers[at - 1]->offset > b->offset; at--) placed->buffers[at] = placed->buffers[at - 1];
  placed->buffers[at] = b;
}

static int64_t peak_of(const struct planner *p) {
  int64_t *live = arena_new_array(p->arena, int64_t, (size_t)p->step_number + 1);
  for (int i = 0; i < p->buffer_count; i++) {
    const struct buffer *b = p->buffers[i];
    for (int step = b->space == SPACE_ARENA ? b->first : INT32_MAX; step <= b->last; step++)
      live[step] += align(b->bytes);
  }
  int64_t peak = 0;
  for (int step = 0; step < p->step_number; step++)
    if (live[step] > peak) peak = live[step];
  return peak;
}

/* Places the buffers of one space, in order of size; returns its extent. */
static int64_t place_all(struct planner *p, struct buffer **sorted, enum space space) {
  struct placed placed = {.buffers = arena_new_array(p->arena, struct buffer *, (size_t)p->buffer_count)};
  int64_t extent = 0;
  for (int i = 0; i < p->buffer_count; i++) {
    if (sorted[i]->last < 0 || sorted[i]->space != space) continue;
    place(&placed, sorted[i]);
    int64_t end = align(sorted[i]->offset + sorted[i]->bytes);
    if (end > extent) extent = end;
  }
  return extent;
}

void plan_memory(struct planner *p, struct function *f) {
  size_t count = (size_t)p->buffer_count;
  struct buffer **sorted = arena_new_array(p->arena, struct buffer *, count);
  extend_over_repeats(p);
  for (size_t i = 0; i < count; i++) sorted[i] = p->buffers[i];
  qsort(sorted, count, sizeof *sorted, by_size);
  f->arena_bytes = place_all(p, sorted, SPACE_ARENA);
  f->local_bytes = place_all(p, sorted, SPACE_LOCAL);
  f->peak_bytes = peak_of(p);
  for (int i = 0; i < p->place_count; i++) p->places[i].access->offset += p->places[i].buffer->offset;
}

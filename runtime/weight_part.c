#include "runtime/weight_part.h"

enum { LINE = 16 }; /* floats of a line of the cache */

static int64_t range_begin(const struct description *d, int thread, int threads) {
  int64_t lines = (d->weight_count_floats + LINE - 1) / LINE;
  int64_t at = lines * thread / threads * LINE;
  return at < d->weight_count_floats ? at : d->weight_count_floats;
}

struct weight_part weight_part_whole(const struct description *d, int weight) {
  const struct weight_info *w = &d->weights[weight];
  return w->sparse ? (struct weight_part){weight, 0, 0}
                   : (struct weight_part){weight, w->offset, w->offset + w->shape.count};
}

static int64_t within(struct weight_part whole, int64_t at) {
  return at < whole.begin ? whole.begin : at > whole.end ? whole.end : at;
}

struct weight_part weight_part_of_thread(const struct description *d, int weight, int thread, int threads) {
  struct weight_part whole = weight_part_whole(d, weight), part = whole;
  part.begin = within(whole, range_begin(d, thread, threads));
  part.end = within(whole, range_begin(d, thread + 1, threads));
  return part;
}

/* The beginning of the block that a float is in; the end of the weight stays. */
static int64_t block_begin(const struct weight_info *w, struct weight_part whole, int64_t at) {
  return at == whole.end || w->block == 0 ? at : at - (at - whole.begin) % w->block;
}

struct weight_part weight_part_in_blocks(const struct description *d, int weight, int thread, int threads) {
  struct weight_part whole = weight_part_whole(d, weight);
  struct weight_part part = weight_part_of_thread(d, weight, thread, threads);
  part.begin = block_begin(&d->weights[weight], whole, part.begin);
  part.end = block_begin(&d->weights[weight], whole, part.end);
  return part;
}

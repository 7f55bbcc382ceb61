#include "runtime/random.h"

#include <math.h>

#include <Random123/philox.h>

#include "runtime/hash.h"

struct random_stream stream_named(uint64_t seed, const char *purpose, uint64_t number) {
  return (struct random_stream){seed, hash_text(HASH_EMPTY, purpose) + number * 0x9e3779b97f4a7c15};
}

static philox4x32_ctr_t block(struct random_stream r, uint64_t counter) {
  philox4x32_ctr_t at = {
      {(uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)r.stream, (uint32_t)(r.stream >> 32)}};
  philox4x32_key_t key = {{(uint32_t)r.seed, (uint32_t)(r.seed >> 32)}};
  return philox4x32(at, key);
}

static uint64_t joined(uint32_t low, uint32_t high) { return (uint64_t)high << 32 | low; }

static double unit(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }

uint64_t stream_bits(struct random_stream r, uint64_t counter) {
  philox4x32_ctr_t b = block(r, counter);
  return joined(b.v[0], b.v[1]);
}

double stream_uniform(struct random_stream r, uint64_t counter) { return unit(stream_bits(r, counter)); }

int64_t stream_below(struct random_stream r, uint64_t counter, int64_t bound) {
  return (int64_t)((unsigned __int128)stream_bits(r, counter) * (uint64_t)bound >> 64);
}

/* Box and Muller; 1 - u keeps the logarithm finite. */
void stream_normal_pair(struct random_stream r, uint64_t counter, double pair[2]) {
  philox4x32_ctr_t b = block(r, counter);
  double radius = sqrt(-2 * log(1 - unit(joined(b.v[0], b.v[1]))));
  double angle = 2 * M_PI * unit(joined(b.v[2], b.v[3]));
  pair[0] = radius * cos(angle);
  pair[1] = radius * sin(angle);
}

#include "runtime/data/draws.h"

int draw_below(struct draws *draws, int bound) {
  if (draws->spent == 0 || draws->spent > UINT32_MAX / (uint64_t)bound) {
    draws->fraction = stream_bits(draws->stream, draws->next++);
    draws->spent = 1;
  }
  draws->spent *= (uint64_t)bound;
  unsigned __int128 product = (unsigned __int128)draws->fraction * (unsigned)bound;
  draws->fraction = (uint64_t)product;
  return (int)(product >> 64);
}

void draw_order(struct draws *draws, int count, int *order) {
  for (int i = 0; i < count; i++) {
    int j = draw_below(draws, i + 1);
    order[i] = order[j];
    order[j] = i;
  }
}

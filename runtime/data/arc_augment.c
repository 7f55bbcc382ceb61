#include <stdlib.h>
#include <string.h>

#include "runtime/data/arc_sets.h"
#include "runtime/dihedral.h"
#include "runtime/hash.h"

/* ---- Telling tasks apart ---- */

static uint64_t hash_grid(const struct arc_grid *grid, const struct arc_augmentation *augmentation, uint64_t hash) {
  struct arc_grid changed;
  arc_augment(augmentation, grid, &changed);
  hash = hash_spread(hash + (uint64_t)(changed.rows * (ARC_SIDE + 1) + changed.columns));
  for (int i = 0; i < changed.rows * changed.columns; i++) hash = hash_byte(hash, changed.cells[i]);
  return hash_spread(hash);
}

/* The order of the pairs does not matter. */
static uint64_t hash_task(const struct arc_task *task, const struct arc_augmentation *augmentation) {
  uint64_t sum = 0;
  for (int i = 0; i < task->pairs; i++) {
    uint64_t input = hash_grid(&task->pair[i].input, augmentation, 1);
    sum += hash_spread(hash_grid(&task->pair[i].output, augmentation, input));
  }
  return sum;
}

/* ---- A set of hashes: open addressing, at most half full; 0 is free ---- */

struct hashes {
  uint64_t *slot;
  size_t mask;
};

static bool hashes_create(struct hashes *set, int64_t most) {
  size_t size = 16;
  while (size < 2 * (size_t)most) size *= 2;
  *set = (struct hashes){calloc(size, sizeof *set->slot), size - 1};
  return set->slot;
}

/* Whether it was not there yet. */
static bool hashes_add(struct hashes *set, uint64_t hash) {
  if (hash == 0) hash = 1;
  size_t at = hash & set->mask;
  for (; set->slot[at]; at = (at + 1) & set->mask)
    if (set->slot[at] == hash) return false;
  set->slot[at] = hash;
  return true;
}

/* ---- Drawing ---- */

static void draw_augmentation(struct draws *draws, struct arc_augmentation *augmentation) {
  int order[ARC_COLOURS - 1];
  augmentation->form = (uint8_t)draw_below(draws, DIHEDRAL_FORMS);
  draw_order(draws, ARC_COLOURS - 1, order);
  augmentation->colours[0] = 0;
  for (int c = 1; c < ARC_COLOURS; c++) augmentation->colours[c] = (uint8_t)(1 + order[c - 1]);
}

int64_t arc_find_augmentations(const struct arc_task *task, uint64_t seed, int64_t wanted,
                               struct arc_augmentation *list) {
  enum { TRIES = 5 };
  struct draws draws = {.stream = stream_named(seed, "arc augmentation", hash_text(HASH_EMPTY, task->name))};
  struct hashes seen;
  int64_t count = 0;
  if (!hashes_create(&seen, wanted + 1)) return 0;
  list[count++] = arc_unchanged;
  hashes_add(&seen, hash_task(task, &arc_unchanged));
  for (int64_t i = 0; i < TRIES * wanted && count <= wanted; i++) {
    draw_augmentation(&draws, &list[count]);
    count += hashes_add(&seen, hash_task(task, &list[count]));
  }
  free(seen.slot);
  return count;
}

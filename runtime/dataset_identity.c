#include <inttypes.h>
#include <stdio.h>

#include "runtime/dataset.h"
#include "runtime/hash.h"

static uint64_t mix(uint64_t hash, int64_t value) {
  for (int shift = 0; shift < 64; shift += 8) hash = hash_byte(hash, (uint8_t)((uint64_t)value >> shift));
  return hash;
}

/* So many elements of an array at most, the first and the last among them.  Each may bring in a page and those around
 * it, so they are given back now and then. */
static uint64_t mix_array(uint64_t hash, const struct npy_array *array) {
  enum { MOST = 10007, BETWEEN_RELEASES = 256 };
  int64_t taken = array->count < MOST ? array->count : MOST;
  hash = mix(hash, array->count);
  for (int64_t i = 0; i < taken; i++) {
    hash = mix(hash, npy_integer(array, taken > 1 ? i * (array->count - 1) / (taken - 1) : 0));
    if (i % BETWEEN_RELEASES == 0) npy_release(array);
  }
  return hash;
}

static uint64_t mix_set(uint64_t hash, const struct dataset_set *set) {
  for (const char *c = set->name; *c; c++) hash = mix(hash, *c);
  hash = mix(hash, set->has_ignore_label ? set->ignore_label_id : DATASET_UNLABELLED);
  hash = mix_array(hash, &set->inputs);
  hash = mix_array(hash, &set->labels);
  hash = mix_array(hash, &set->puzzle_identifiers);
  hash = mix_array(hash, &set->puzzle_indices);
  return mix_array(hash, &set->group_indices);
}

struct dataset_identity dataset_identify(const struct dataset *dataset) {
  struct dataset_identity identity = {0};
  uint64_t hash = mix(HASH_EMPTY, dataset->seq_len);
  for (int i = 0; i < dataset->num_sets; i++) {
    hash = mix_set(hash, &dataset->sets[i]);
    identity.groups += dataset->sets[i].groups;
    identity.examples += dataset->sets[i].examples;
  }
  snprintf(identity.fingerprint, sizeof identity.fingerprint, "%016" PRIx64, hash);
  return identity;
}

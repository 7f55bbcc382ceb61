/* Hashes that stay the same from run to run and from machine to machine: streams of random numbers, augmentations and
 * fingerprints depend on them. */
#ifndef HRM_HASH_H
#define HRM_HASH_H

#include <stdint.h>

/* The hash of Fowler, Noll and Vo (FNV-1a, 64 bits): begins at HASH_EMPTY and takes a byte after the other. */
#define HASH_EMPTY UINT64_C(0xcbf29ce484222325)

static inline uint64_t hash_byte(uint64_t hash, uint8_t byte) { return (hash ^ byte) * UINT64_C(0x100000001b3); }

static inline uint64_t hash_text(uint64_t hash, const char *text) {
  for (; *text; text++) hash = hash_byte(hash, (uint8_t)*text);
  return hash;
}

/* Spreads every bit over all (the finaliser of SplitMix64): for sums of hashes in any order. */
static inline uint64_t hash_spread(uint64_t x) {
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

#endif

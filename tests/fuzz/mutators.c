/* libFuzzer's hooks for targets that read programs: three of four changes are of tokens and lines, the fourth of
 * bytes. */
#include "tests/fuzz/mutate.h"

#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t length, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t room, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_length, const uint8_t *other, size_t other_length,
                                 uint8_t *out, size_t room, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t room, unsigned seed) {
  if (seed % 4 == 0) return LLVMFuzzerMutate(bytes, length, room);
  return mutate_text((char *)bytes, length, room, (const char *)bytes, length, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_length, const uint8_t *other, size_t other_length,
                                 uint8_t *out, size_t room, unsigned seed) {
  size_t length = one_length < room ? one_length : room;
  memcpy(out, one, length);
  return mutate_text((char *)out, length, room, (const char *)other, other_length, seed);
}

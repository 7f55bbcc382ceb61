#include "runtime/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

static void *aligned_bytes(size_t bytes, size_t alignment) {
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  if (rounded < bytes) return NULL;
  return aligned_alloc(alignment, rounded);
}

void *memory_new(size_t count, size_t size, struct hrm_error *error) {
  size_t bytes;
  void *memory = NULL;
  if (!__builtin_mul_overflow(count, size, &bytes)) {
    memory = aligned_bytes(bytes ? bytes : 1, bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : LINE);
  }
  if (!memory) {
    hrm_fail(error, HRM_SYSTEM, "out of memory: %zu x %zu bytes cannot be had; a smaller batch or model needs less",
             count, size);
    return NULL;
  }
  if (bytes >= 2 * HUGE_PAGE) madvise(memory, bytes, MADV_HUGEPAGE);
  memset(memory, 0, bytes);
  return memory;
}

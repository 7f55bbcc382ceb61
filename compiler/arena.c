#include "arena.h"

#include <limits.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
  SMALL_BLOCK = 64 * 1024,
  HUGE_PAGE = 2 * 1024 * 1024,
  LARGE_BLOCK = 2 * HUGE_PAGE,
  SMALL_TOTAL = 1024 * 1024, /* an arena above this takes large blocks */
  FIRST_CAPACITY = 8
};

/* A piece of memory; its payload follows the header. */
struct block {
  struct block *next;
  size_t size, used; /* of the payload */
  size_t mapped;     /* bytes from mmap; 0: from malloc */
  alignas(max_align_t) unsigned char payload[];
};

static size_t aligned(size_t size) {
  const size_t align = alignof(max_align_t);
  return (size + align - 1) / align * align;
}

/* What is due when an arena is freed. */
struct deferred {
  struct deferred *next;
  void (*release)(void *object);
  void *object;
};

struct arena {
  struct block *blocks;      /* the first one takes the small allocations */
  size_t total;              /* of all payloads */
  struct guard *guard;       /* or NULL */
  struct deferred *deferred; /* the latest first */
};

void arena_fail(struct arena *a, enum guard_cause cause, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  guard_vend(a->guard, cause, format, arguments);
}

static _Noreturn void out_of_memory(struct arena *a, size_t size) {
  arena_fail(a, GUARD_MEMORY, "out of memory: cannot allocate %zu bytes", size);
}

static struct block *block_new(struct arena *a, size_t size) {
  if (size > SIZE_MAX - sizeof(struct block)) out_of_memory(a, size);
  struct block *block = calloc(1, sizeof *block + size);
  if (!block) out_of_memory(a, size);
  block->size = size;
  return block;
}

/* Huge pages: a compilation touches tens of megabytes once, and a third of its time went into page faults. */
static struct block *block_map(struct arena *a) {
  const size_t reserved = LARGE_BLOCK + HUGE_PAGE;
  unsigned char *memory = mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) out_of_memory(a, reserved);
  size_t before = (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
  if (before) munmap(memory, before);
  munmap(memory + before + LARGE_BLOCK, HUGE_PAGE - before);
  madvise(memory + before, LARGE_BLOCK, MADV_HUGEPAGE); /* without them the memory serves as well */
  struct block *block = (struct block *)(void *)(memory + before);
  block->size = LARGE_BLOCK - sizeof *block;
  block->mapped = LARGE_BLOCK;
  return block;
}

static void block_free(struct block *block) {
  if (block->mapped)
    munmap(block, block->mapped);
  else
    free(block);
}

/* It lies in its first block: what is allocated at once has room there, so that nothing fails halfway. */
struct arena *arena_new_guarded(struct guard *guard) {
  struct block *block = block_new(&(struct arena){.guard = guard}, SMALL_BLOCK);
  struct arena *a = (struct arena *)(void *)block->payload;
  block->used = aligned(sizeof *a);
  *a = (struct arena){.blocks = block, .total = SMALL_BLOCK, .guard = guard};
  return a;
}

struct arena *arena_new(void) {
  return arena_new_guarded(NULL);
}

struct guard *arena_guard(const struct arena *a) {
  return a->guard;
}

void arena_defer(struct arena *a, void (*release)(void *object), void *object) {
  struct deferred *d = arena_new_object(a, struct deferred);
  *d = (struct deferred){a->deferred, release, object};
  a->deferred = d;
}

void arena_free(struct arena *a) {
  if (!a) return;
  for (struct deferred *d = a->deferred; d; d = d->next) d->release(d->object);
  for (struct block *block = a->blocks, *next; block; block = next) {
    next = block->next;
    block_free(block);
  }
}

/* A large object gets a block of its own behind the first, which keeps its free space. */
static void *allocate_large(struct arena *a, size_t size) {
  struct block *block = block_new(a, size);
  block->used = size;
  a->total += size;
  block->next = a->blocks->next;
  a->blocks->next = block;
  return block->payload;
}

static void add_block(struct arena *a, struct block *block) {
  block->next = a->blocks;
  a->blocks = block;
  a->total += block->size;
}

void *arena_alloc(struct arena *a, size_t size) {
  if (size > SIZE_MAX - alignof(max_align_t)) out_of_memory(a, size);
  size = aligned(size ? size : 1);
  bool is_small = a->total < SMALL_TOTAL;
  size_t room = a->blocks->size - a->blocks->used;
  if (room < size) guard_check(a->guard);
  if (room < size && size > (is_small ? SMALL_BLOCK : LARGE_BLOCK) / 4) return allocate_large(a, size);
  if (room < size) add_block(a, is_small ? block_new(a, SMALL_BLOCK) : block_map(a));
  void *result = a->blocks->payload + a->blocks->used;
  a->blocks->used += size;
  return result;
}

void *arena_array(struct arena *a, size_t element_size, size_t count) {
  if (element_size && count > SIZE_MAX / element_size) out_of_memory(a, SIZE_MAX);
  return arena_alloc(a, element_size * count);
}

char *arena_strndup(struct arena *a, const char *text, size_t length) {
  if (length == SIZE_MAX) out_of_memory(a, length);
  char *copy = arena_alloc(a, length + 1);
  if (length) memcpy(copy, text, length);
  return copy;
}

char *arena_strdup(struct arena *a, const char *text) { return arena_strndup(a, text, strlen(text)); }

char *arena_vprintf(struct arena *a, const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  size_t size = length < 0 ? 1 : (size_t)length + 1;
  char *text = arena_alloc(a, size);
  if (length > 0) vsnprintf(text, size, format, again);
  va_end(again);
  return text;
}

char *arena_printf(struct arena *a, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = arena_vprintf(a, format, arguments);
  va_end(arguments);
  return text;
}

void *arena_grow(struct arena *a, void *items, size_t element_size, int count, int *capacity) {
  if (count < *capacity) return items;
  if (*capacity > INT_MAX / 2) out_of_memory(a, SIZE_MAX);
  int larger = *capacity ? *capacity * 2 : FIRST_CAPACITY;
  void *grown = arena_array(a, element_size, (size_t)larger);
  if (count) memcpy(grown, items, element_size * (size_t)count);
  *capacity = larger;
  return grown;
}

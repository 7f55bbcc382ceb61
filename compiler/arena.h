/* Memory that is freed all at once.
 *
 * Every representation of one compilation (source, syntax tree, graphs, kernels) lives in one arena; nothing in it is
 * freed alone.  An allocation never fails: without memory the work ends at the arena's guard, or the process. */
#ifndef HRMC_ARENA_H
#define HRMC_ARENA_H

#include "guard.h"

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
struct arena *arena_new_guarded(struct guard *guard); /* which outlives it; NULL: none */
void arena_free(struct arena *a);                     /* accepts NULL */
struct guard *arena_guard(const struct arena *a);

/* Ends the work that is done in an arena: a bug of ours, or a resource that is not there. */
_Noreturn void arena_fail(struct arena *a, enum guard_cause cause, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Something that is not of an arena's memory and shall end with it: release(object) is called as the arena is freed,
 * the latest first.  An object that may be released before must bear it twice. */
void arena_defer(struct arena *a, void (*release)(void *object), void *object);

/* Zeroed memory, aligned for any object. */
void *arena_alloc(struct arena *a, size_t size);
#define arena_new_object(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_array(a, type, count) ((type *)arena_array((a), sizeof(type), (count)))
void *arena_array(struct arena *a, size_t element_size, size_t count);

char *arena_strndup(struct arena *a, const char *text, size_t length);
char *arena_strdup(struct arena *a, const char *text);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list arguments);

/* A growing array inside an arena: declare `T *items; int count, capacity;` and push. */
#define arena_push(a, items, count, capacity, value)                                                                 \
  do {                                                                                                               \
    (items) = arena_grow((a), (items), sizeof *(items), (count), &(capacity));                                       \
    (items)[(count)++] = (value);                                                                                    \
  } while (0)
void *arena_grow(struct arena *a, void *items, size_t element_size, int count, int *capacity);

#endif

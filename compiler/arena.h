/* Memory that is freed all at once.
 *
 * Every representation of one compilation (source, syntax tree, graphs, kernels) lives in one arena; nothing in it is
 * freed alone.  An allocation never fails: running out of memory ends the process with exit code 5 and a message. */
#ifndef HRMC_ARENA_H
#define HRMC_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* accepts NULL */

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

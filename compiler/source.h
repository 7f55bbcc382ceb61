/* Source texts: reading them from files, and places in them as lines and columns. */
#ifndef HRMC_SOURCE_H
#define HRMC_SOURCE_H

#include "arena.h"
#include "diag.h"

enum { SOURCE_SIZE_LIMIT = 16 << 20 }; /* bytes; also keeps every offset within 32 bits */

/* Reads a whole file; a byte order mark at its start is dropped.  Reports to d and returns NULL when the file cannot
 * be read, is no regular file, is larger than SOURCE_SIZE_LIMIT, or is not text. */
const struct source *source_read(struct arena *a, struct diags *d, const char *path);

/* A source from memory; name and text are copied. */
const struct source *source_from_text(struct arena *a, const char *name, const char *text);
const struct source *source_from_bytes(struct arena *a, const char *name, const char *bytes, size_t length);

/* Whether the source is UTF-8 without control characters other than tab, line feed and carriage return; reports the
 * first byte that is not. */
bool source_check_text(struct diags *d, const struct source *source);

struct position {
  int line, column; /* from 1; a column is a character, a tab is one */
};

/* The whole of a text. */
struct span source_span(const struct source *source);

/* Where a span begins; a span beyond the text is at its end. */
struct position span_position(struct span place);

/* The bytes of the line in which a span begins, without its line end. */
struct span span_line(struct span place);

/* The text of a span, copied. */
char *span_text(struct arena *a, struct span place);

#endif

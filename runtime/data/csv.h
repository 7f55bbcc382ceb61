/* Comma-separated files with a header line, mapped: lines end in LF or CRLF, fields may stand in double quotes. */
#ifndef HRM_DATA_CSV_H
#define HRM_DATA_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/error.h"

struct csv {
  char *path;
  const char *text; /* the mapped file */
  size_t length;
  size_t body; /* offset of the first line after the header */
  int columns; /* of the header */
};

struct csv_field {
  const char *text;
  size_t length;
};

enum { CSV_MAX_COLUMNS = 64 };

bool csv_open(struct csv *csv, const char *path, struct hrm_error *error);
void csv_close(struct csv *csv); /* accepts all zeros */

/* The position of a column by its name in the header, or -1. */
int csv_column(const struct csv *csv, const char *name);

/* Finds the end of the line at offset and the offset of the next one. */
struct csv_line {
  size_t begin, end, next;
};
struct csv_line csv_line_at(const struct csv *csv, size_t offset);

/* Splits a line into the header's number of fields; line_number, counted from 1, stands in messages. */
bool csv_split(const struct csv *csv, struct csv_line line, int64_t line_number, struct csv_field *fields,
               struct hrm_error *error);

#endif

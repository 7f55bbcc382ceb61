#include "runtime/data/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/text.h"

static bool map_file(struct csv *csv, int descriptor, struct hrm_error *error) {
  struct stat status;
  if (fstat(descriptor, &status)) return hrm_fail(error, HRM_SYSTEM, "%s: %s", csv->path, strerror(errno));
  if (!S_ISREG(status.st_mode)) return hrm_fail(error, HRM_INPUT, "%s: not a regular file", csv->path);
  if (status.st_size == 0) return hrm_fail(error, HRM_INPUT, "%s: the file is empty", csv->path);
  void *text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (text == MAP_FAILED) return hrm_fail(error, HRM_SYSTEM, "%s: cannot map: %s", csv->path, strerror(errno));
  csv->text = text;
  csv->length = (size_t)status.st_size;
  return true;
}

static bool open_mapping(struct csv *csv, struct hrm_error *error) {
  int descriptor = open(csv->path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return hrm_fail(error, HRM_INPUT, "%s: %s", csv->path, strerror(errno));
  bool ok = map_file(csv, descriptor, error);
  close(descriptor);
  return ok;
}

/* Some spreadsheets begin files with a byte-order mark. */
static size_t header_begin(const struct csv *csv) {
  return csv->length >= 3 && !memcmp(csv->text, "\xef\xbb\xbf", 3) ? 3 : 0;
}

struct csv_line csv_line_at(const struct csv *csv, size_t offset) {
  const char *begin = csv->text + offset;
  const char *newline = memchr(begin, '\n', csv->length - offset);
  size_t end = newline ? (size_t)(newline - csv->text) : csv->length;
  size_t next = newline ? end + 1 : end;
  if (end > offset && csv->text[end - 1] == '\r') end--;
  return (struct csv_line){offset, end, next};
}

/* The length of the field at `at` with its quotes, or `available` + 1 where a quote does not end. */
static size_t field_length(const char *at, size_t available) {
  if (available == 0 || *at != '"') {
    const char *comma = memchr(at, ',', available);
    return comma ? (size_t)(comma - at) : available;
  }
  size_t i = 1;
  for (; i < available; i++) {
    if (at[i] != '"') continue;
    if (i + 1 < available && at[i + 1] == '"')
      i++;
    else
      return i + 1;
  }
  return available + 1;
}

/* Returns the number of fields, of which at most CSV_MAX_COLUMNS are stored; -1 where quotes are wrong. */
static int split(const char *at, const char *end, struct csv_field *fields) {
  for (int count = 0;; at++) {
    size_t available = (size_t)(end - at), length = field_length(at, available);
    if (length > available || (length < available && at[length] != ',')) return -1;
    bool quoted = length >= 2 && *at == '"';
    if (count < CSV_MAX_COLUMNS) fields[count] = (struct csv_field){at + quoted, length - 2 * (size_t)quoted};
    count++;
    at += length;
    if (at == end) return count;
  }
}

bool csv_open(struct csv *csv, const char *path, struct hrm_error *error) {
  *csv = (struct csv){.path = strdup(path)};
  if (!csv->path) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  struct csv_field fields[CSV_MAX_COLUMNS];
  bool ok = open_mapping(csv, error);
  if (ok) {
    struct csv_line header = csv_line_at(csv, header_begin(csv));
    csv->columns = split(csv->text + header.begin, csv->text + header.end, fields);
    csv->body = header.next;
    ok = (csv->columns > 0 && csv->columns <= CSV_MAX_COLUMNS) ||
         hrm_fail(error, HRM_INPUT, "%s:1: the header is not a list of at most %d columns", path, CSV_MAX_COLUMNS);
  }
  if (!ok) csv_close(csv);
  return ok;
}

void csv_close(struct csv *csv) {
  if (csv->text) munmap((void *)(uintptr_t)csv->text, csv->length);
  free(csv->path);
  *csv = (struct csv){0};
}

int csv_column(const struct csv *csv, const char *name) {
  struct csv_field fields[CSV_MAX_COLUMNS];
  struct csv_line header = csv_line_at(csv, header_begin(csv));
  int count = split(csv->text + header.begin, csv->text + header.end, fields);
  for (int i = 0; i < count; i++)
    if (fields[i].length == strlen(name) && !memcmp(fields[i].text, name, fields[i].length)) return i;
  return -1;
}

bool csv_split(const struct csv *csv, struct csv_line line, int64_t line_number, struct csv_field *fields,
               struct hrm_error *error) {
  int count = split(csv->text + line.begin, csv->text + line.end, fields);
  if (count == csv->columns) return true;
  if (count < 0)
    return hrm_fail(error, HRM_INPUT, "%s:%" PRId64 ": a quotation mark is out of place", csv->path, line_number);
  return hrm_fail(error, HRM_INPUT, "%s:%" PRId64 ": %d field%s; the header has %d", csv->path, line_number, count,
                  plural(count), csv->columns);
}

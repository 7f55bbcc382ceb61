#include "source.h"

#include "utf8.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const struct source *fail(struct diags *d, enum message message, const char *path, const char *reason) {
  diag_report(d, message, (struct span){0}, path, reason);
  return NULL;
}

/* The size of a regular file of acceptable size, or -1. */
static long file_size(struct diags *d, FILE *file, const char *path) {
  struct stat status;
  if (fstat(fileno(file), &status) != 0) {
    fail(d, MSG_CANNOT_READ, path, strerror(errno));
  } else if (S_ISDIR(status.st_mode)) {
    fail(d, MSG_CANNOT_READ, path, "it is a directory");
  } else if (!S_ISREG(status.st_mode)) {
    fail(d, MSG_CANNOT_READ, path, "it is not a regular file");
  } else if (status.st_size > SOURCE_SIZE_LIMIT) {
    fail(d, MSG_SOURCE_TOO_LARGE, path, NULL);
  } else {
    return (long)status.st_size;
  }
  return -1;
}

static const struct source *read_open_file(struct arena *a, struct diags *d, FILE *file, const char *path) {
  static const char byte_order_mark[] = "\xEF\xBB\xBF";
  long size = file_size(d, file, path);
  if (size < 0) return NULL;
  char *text = arena_alloc(a, (size_t)size + 1);
  size_t length = fread(text, 1, (size_t)size, file);
  if (ferror(file)) return fail(d, MSG_CANNOT_READ, path, strerror(errno));
  text[length] = '\0';
  size_t skipped = length >= 3 && !memcmp(text, byte_order_mark, 3) ? 3 : 0;
  struct source *source = arena_new_object(a, struct source);
  *source = (struct source){.name = arena_strdup(a, path), .text = text + skipped, .length = length - skipped};
  return source_check_text(d, source) ? source : NULL;
}

const struct source *source_read(struct arena *a, struct diags *d, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return fail(d, MSG_CANNOT_READ, path, strerror(errno));
  const struct source *source = read_open_file(a, d, file, path);
  fclose(file);
  return source;
}

const struct source *source_from_bytes(struct arena *a, const char *name, const char *bytes, size_t length) {
  struct source *source = arena_new_object(a, struct source);
  char *text = arena_alloc(a, length + 1);
  memcpy(text, bytes, length);
  text[length] = '\0';
  *source = (struct source){.name = arena_strdup(a, name), .text = text, .length = length};
  return source;
}

const struct source *source_from_text(struct arena *a, const char *name, const char *text) {
  return source_from_bytes(a, name, text, strlen(text));
}

struct span source_span(const struct source *source) {
  return (struct span){source, 0, (uint32_t)source->length};
}

static bool is_forbidden_control(unsigned char byte) {
  return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
}

bool source_check_text(struct diags *d, const struct source *source) {
  for (size_t at = 0; at < source->length;) {
    unsigned char byte = (unsigned char)source->text[at];
    int length = utf8_sequence(source->text + at, source->length - at);
    if (!length || is_forbidden_control(byte)) {
      struct span place = {source, (uint32_t)at, (uint32_t)at + 1};
      diag_report(d, length ? MSG_CONTROL_CHARACTER : MSG_NOT_UTF8, place, byte);
      return false;
    }
    at += (size_t)length;
  }
  return true;
}

static size_t begin_of(struct span place) {
  return place.begin < place.source->length ? place.begin : place.source->length;
}

struct span span_line(struct span place) {
  const struct source *source = place.source;
  size_t begin = begin_of(place), end = begin;
  while (begin && source->text[begin - 1] != '\n') begin--;
  const char *newline = memchr(source->text + end, '\n', source->length - end);
  end = newline ? (size_t)(newline - source->text) : source->length;
  if (end > begin && source->text[end - 1] == '\r') end--;
  return (struct span){source, (uint32_t)begin, (uint32_t)end};
}

struct position span_position(struct span place) {
  const char *text = place.source->text;
  const char *here = text + begin_of(place), *line = text + span_line(place).begin;
  struct position position = {1, 1};
  for (const char *at = text; (at = memchr(at, '\n', (size_t)(line - at))); at++) position.line++;
  for (const char *at = line; at < here; at += utf8_step(at, (size_t)(here - at))) position.column++;
  return position;
}

char *span_text(struct arena *a, struct span place) {
  size_t begin = begin_of(place), end = place.end < place.source->length ? place.end : place.source->length;
  return arena_strndup(a, place.source->text + begin, end > begin ? end - begin : 0);
}

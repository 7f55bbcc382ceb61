#include "runtime/page.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/atomic_file.h"

/* Made from runtime/page: what stands before the data and behind them. */
extern const char page_before[], page_after[];

/* No text of the data can end the element that holds it. */
static bool write_escaped(struct atomic_file *file, const char *text, struct hrm_error *error) {
  for (const char *special; (special = strpbrk(text, "<>&")); text = special + 1) {
    char code[8];
    int length = snprintf(code, sizeof code, "\\u%04x", (unsigned)*special);
    if (!atomic_write(file, text, (size_t)(special - text), error)) return false;
    if (!atomic_write(file, code, (size_t)length, error)) return false;
  }
  return atomic_write(file, text, strlen(text), error);
}

static bool write_parts(struct atomic_file *file, const char *data, struct hrm_error *error) {
  return atomic_write(file, page_before, strlen(page_before), error) && write_escaped(file, data, error) &&
         atomic_write(file, page_after, strlen(page_after), error);
}

bool page_write(const char *path, json_t *data, struct hrm_error *error) {
  struct atomic_file file;
  char *text = data ? json_dumps(data, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6)) : NULL;
  json_decref(data);
  if (!text) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  bool written = atomic_open(&file, path, error);
  if (written) {
    written = write_parts(&file, text, error);
    if (written)
      written = atomic_commit(&file, error);
    else
      atomic_abandon(&file);
  }
  free(text);
  return written;
}

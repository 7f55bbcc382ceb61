#include "runtime/checkpoint_compare.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/text.h"

void comparison_differ(struct comparison *c, const char *format, ...) {
  enum { SHOWN = 20 };
  if (c->differences++ >= SHOWN || c->length >= sizeof c->text) return;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(c->text + c->length, sizeof c->text - c->length, format, arguments);
  va_end(arguments);
  c->length += (size_t)(length > 0 ? length : 0);
}

bool comparison_conclude(const struct comparison *c, struct hrm_error *error) {
  if (c->differences == 0) return true;
  return hrm_fail(error, HRM_INPUT, "%s does not fit the model (%d difference%s)%s", c->file->path, c->differences,
                  plural(c->differences), c->text);
}

const struct tensor_entry *comparison_entry(struct comparison *c, const char *name, const struct shape *shape) {
  char ours[SHAPE_TEXT], theirs[SHAPE_TEXT];
  const struct tensor_entry *entry = tensor_file_find(c->file, name);
  if (!entry)
    return comparison_differ(c, "; '%s': the model has %s, the file has none", name, shape_text(shape, ours)), NULL;
  if (shape_equal(&entry->shape, shape)) return entry;
  comparison_differ(c, "; '%s': the model has %s, the file has %s", name, shape_text(shape, ours),
                    shape_text(&entry->shape, theirs));
  return NULL;
}

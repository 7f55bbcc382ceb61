#include "runtime/error.h"

#include <stdarg.h>
#include <stdio.h>

bool hrm_fail(struct hrm_error *error, int code, const char *format, ...) {
  if (!error) return false;
  error->code = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return false;
}

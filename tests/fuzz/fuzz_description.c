/* The description of a compiled model. */
#include "runtime/description.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  struct description d;
  struct hrm_error error;
  char *text = strndup((const char *)bytes, length);
  if (text && description_parse(&d, text, &error)) {
    description_parameters(&d, true);
    description_find_tensor(&d, "inputs");
    description_free(&d);
  }
  free(text);
  return 0;
}

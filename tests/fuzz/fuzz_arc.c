/* Tasks of ARC as JSON, with solutions behind a zero byte where there is one. */
#include <stdlib.h>
#include <string.h>

#include "runtime/data/arc_tasks.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  struct arc_tasks tasks = {.skip_bad = length % 2};
  struct hrm_error error;
  char *text = malloc(length + 1);
  memcpy(text, bytes, length);
  text[length] = 0;
  size_t first = strlen(text), rest = first < length ? first + 1 : length;
  struct arc_text task = {"tasks", text, first}, solutions = {"solutions", text + rest, strlen(text + rest)};
  if (arc_tasks_parse(&tasks, &task, first < length ? &solutions : NULL, true, &error))
    arc_tasks_sort(&tasks, &error);
  arc_tasks_free(&tasks);
  free(text);
  return 0;
}

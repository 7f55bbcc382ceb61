#include "tests/parse_harness.h"

#include "compiler/source.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

const struct source *text_source(struct arena *a, const char *text) { return source_from_text(a, "t.hrm", text); }

char *messages_of(struct arena *a, struct diags *d) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  diag_print(d, out, false);
  fclose(out);
  char *copy = arena_strdup(a, text);
  free(text);
  return copy;
}

struct ast_file *parse_well(struct arena *a, const char *text) {
  struct diags *d = diags_new(a);
  struct ast_file *file = parse_file(a, d, text_source(a, text));
  ck_assert_msg(diag_exit_code(d) == 0, "%s\n%s", text, messages_of(a, d));
  return file;
}

struct expr *parse_value(struct arena *a, const char *text) {
  struct diags *d = diags_new(a);
  struct expr *e = parse_expression(a, d, source_span(text_source(a, text)));
  ck_assert_msg(e && diag_exit_code(d) == 0, "%s\n%s", text, messages_of(a, d));
  return e;
}

char *repeated(struct arena *a, const char *part, int times) {
  size_t length = strlen(part);
  char *text = arena_alloc(a, length * (size_t)times + 1);
  for (int i = 0; i < times; i++) memcpy(text + length * (size_t)i, part, length);
  return text;
}

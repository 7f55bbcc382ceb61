/* The language: a program of any text is parsed, elaborated, differentiated and planned, as `hrmc check` and the
 * stages before code generation do.  A diagnostic of a bug is a finding, as every fault is. */
#include "compiler/driver/compile.h"
#include "compiler/format.h"
#include "compiler/library.h"
#include "compiler/source.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct source *import_library(void *context, const char *name) {
  const char *text = stdlib_text(name);
  return text ? source_from_text(context, name, text) : NULL;
}

/* What a data set binds, small. */
static const struct binding sizes[] = {
    {"vocab_size", "5", {0}, true}, {"seq_len", "6", {0}, true}, {"num_puzzle_identifiers", "3", {0}, true}};

static char *tree_text(const struct ast_file *file) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  ast_print(file, out);
  fclose(out);
  return text;
}

static void check_layout(struct compilation *c) {
  const char *once = format_file(c->arena, c->ast);
  struct diags *diags = diags_new(c->arena);
  const struct ast_file *again = parse_file(c->arena, diags, source_from_text(c->arena, "fmt.hrm", once));
  char *tree = tree_text(c->ast), *other = tree_text(again);
  bool same = diag_exit_code(diags) == 0 && !strcmp(tree, other) && !strcmp(once, format_file(c->arena, again));
  if (!same) {
    fprintf(stderr, "the layout is another program, or not at rest:\n%s", once);
    diag_print(diags, stderr, false);
    abort();
  }
  free(tree);
  free(other);
}

static void check_model(struct compilation *c, const struct elaboration *request) {
  c->program = elaborate_model(request);
  if (c->program && compile_graphs(c)) compile_plan(c);
}

static void check(struct compilation *c) {
  int count;
  if (!source_check_text(c->diags, c->source)) return;
  c->ast = parse_file(c->arena, c->diags, c->source);
  if (diag_exit_code(c->diags) != 0) return;
  check_layout(c);
  const struct elaboration request = {.arena = c->arena,
                                      .diags = c->diags,
                                      .file = c->ast,
                                      .bindings = sizes,
                                      .binding_count = 3,
                                      .import = import_library,
                                      .import_context = c->arena,
                                      .precision = DTYPE_F32};
  if (elaborate_has_model(c->ast)) check_model(c, &request);
  elaborate_tests(&request, &count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  const struct options options = {0};
  struct arena *arena = arena_new();
  struct compilation c = {.arena = arena, .diags = diags_new(arena), .options = &options};
  struct source *source = arena_new_object(arena, struct source);
  *source = (struct source){
      .name = "fuzz.hrm", .text = arena_strndup(arena, (const char *)bytes, length), .length = length};
  c.source = source;
  check(&c);
  FILE *out = fopen("/dev/null", "w");
  diag_print(c.diags, out, false);
  fclose(out);
  bool bug = diag_exit_code(c.diags) == 4;
  if (bug) diag_print(c.diags, stderr, false);
  arena_free(arena);
  if (bug) abort();
  return 0;
}

/* hrmc FILE: compile to any of the forms; hrmc check FILE: report mistakes alone. */
#include "commands.h"

#include "../graph_text.h"
#include "embed.h"
#include "output.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

static void write_text(struct compilation *c, void (*print)(const struct compilation *, FILE *)) {
  char *text = NULL;
  size_t size = 0;
  FILE *f = open_memstream(&text, &size);
  print(c, f);
  fclose(f);
  output_write(c, c->options->output ? c->options->output : "-", text, size);
  free(text);
}

static void print_ast(const struct compilation *c, FILE *out) { ast_print(c->ast, out); }

static void print_graphs(const struct compilation *c, FILE *out) {
  graph_print(c->forward, out);
  fputc('\n', out);
  graph_print(c->train, out);
  fputc('\n', out);
  graph_print(c->trace, out);
}

static void print_kernels(const struct compilation *c, FILE *out) {
  kernel_print(&c->plan->pack, out);
  kernel_print(&c->plan->prepare, out);
  kernel_print(&c->plan->forward, out);
  kernel_print(&c->plan->train, out);
  kernel_print(&c->plan->trace, out);
}

static void write_header(struct compilation *c) {
  const char *text = embed_header(c->arena, c->program);
  output_write(c, c->options->output ? c->options->output : "-", text, strlen(text));
}

static void write_code(struct compilation *c, enum emit_kind kind) {
  struct emitted code;
  enum emit_form form = kind == EMIT_KIND_LLVM ? EMIT_LLVM : kind == EMIT_KIND_ASM ? EMIT_ASSEMBLY : EMIT_OBJECT;
  if (!compile_emit(c, form, &code)) return;
  if (kind == EMIT_KIND_OBJ)
    output_write(c, output_path(c, ".o"), code.bytes, code.size);
  else
    output_write(c, c->options->output ? c->options->output : "-", code.bytes, code.size);
}

static void link_code(struct compilation *c, enum emit_kind kind) {
  struct emitted_objects objects;
  if (!compile_objects(c, &objects)) return;
  if (kind == EMIT_KIND_EXE)
    output_link(c, output_path(c, ""), &objects);
  else
    output_link_shared(c, output_path(c, ".so"), &objects);
}

static bool known_pass(struct compilation *c) {
  const char *after = c->options->after;
  const char *names = "elaborate";
  bool known = !after || !strcmp(after, names);
  for (int i = 0; !known && i < compile_pass_count(); i++) {
    known = !strcmp(compile_passes[i].name, after);
    names = arena_printf(c->arena, "%s, %s", names, compile_passes[i].name);
  }
  if (!known) diag_report(c->diags, MSG_UNKNOWN_PASS, (struct span){0}, after, names);
  return known;
}

/* Reports are results, but give way to a text on standard output. */
static FILE *report_stream(const struct compilation *c) {
  enum emit_kind kind = c->options->emit;
  bool is_text = kind < EMIT_KIND_OBJ;
  return is_text && !c->options->output ? stderr : stdout;
}

void command_compile(struct compilation *c, const char *path) {
  enum emit_kind kind = c->options->emit;
  if (!known_pass(c)) return;
  c->after = c->options->after;
  if (kind == EMIT_KIND_AST) {
    if (compile_parse(c, path)) write_text(c, print_ast);
    return;
  }
  if (!compile_front(c, path) || !compile_graphs(c)) return;
  if (kind == EMIT_KIND_GRAPH) {
    write_text(c, print_graphs);
    return;
  }
  if (!compile_plan(c)) return;
  for (enum report_kind what = REPORT_FLOPS; what < REPORT_TIME; what++) report(c, what, report_stream(c));
  if (kind == EMIT_KIND_KERNELS)
    write_text(c, print_kernels);
  else if (kind == EMIT_KIND_HEADER)
    write_header(c);
  else
    (kind == EMIT_KIND_EXE || kind == EMIT_KIND_SHARED ? link_code : write_code)(c, kind);
  report(c, REPORT_TIME, report_stream(c));
}

void command_check(struct compilation *c, const char *path) {
  struct elaboration request;
  int count;
  if (!compile_parse(c, path)) return;
  bool has_model = elaborate_has_model(c->ast);
  if (has_model && (!compile_elaborate(c) || !compile_train(c))) return;
  if (has_model && !elaborate_has_tests(c->ast)) return;
  if (compile_request(c, &request)) elaborate_tests(&request, &count);
}

/* Commands that look into an expression or the model. */
#include "command.h"

#include "../driver/execute.h"
#include "../driver/report.h"
#include "../graph_text.h"
#include "../library.h"
#include "../source.h"
#include "model.h"

#include <string.h>

bool command_of_type(struct entry_run *r, const struct command_argument *argument) {
  struct answer answer;
  if (!session_elaborate(r, argument->place, (struct span){0}, &answer)) return false;
  puts(answer.type);
  return true;
}

/* ---- compiled forms ---- */

/* An expression's final graph alone, or the model's two. */
static bool compile_argument(struct entry_run *r, const struct command_argument *argument, bool plan) {
  struct compilation *c = &r->c;
  struct answer answer;
  if (argument->length) {
    int count;
    if (!session_elaborate(r, argument->place, (struct span){0}, &answer)) return false;
    if (answer.text) {
      diag_report(c->diags, MSG_SESSION_CONSTANT, argument->place, answer.type);
      return false;
    }
    struct symbol **symbols = session_symbols(r, &answer, &count);
    c->program = execute_program(c, symbols, count);
    c->forward = compile_run_passes(c, answer.graph, NULL);
    c->train = graph_new(c->arena, "train");
    return c->forward && (!plan || compile_plan(c));
  }
  if (!session_ast(r)) return false;
  if (!session_model(r)) {
    diag_report(c->diags, MSG_SESSION_NO_MODEL, (struct span){0});
    return false;
  }
  return compile_elaborate(c) && compile_graphs(c) && (!plan || compile_plan(c));
}

bool command_of_graph(struct entry_run *r, const struct command_argument *argument) {
  if (!compile_argument(r, argument, false)) return false;
  graph_print(r->c.forward, stdout);
  if (!argument->length) graph_print(r->c.train, stdout);
  return true;
}

bool command_of_kernels(struct entry_run *r, const struct command_argument *argument) {
  if (!compile_argument(r, argument, true)) return false;
  kernel_print(&r->c.plan->pack, stdout);
  kernel_print(&r->c.plan->prepare, stdout);
  kernel_print(&r->c.plan->forward, stdout);
  if (!argument->length) kernel_print(&r->c.plan->train, stdout);
  return true;
}

static bool print_code(struct entry_run *r, const struct command_argument *argument, enum emit_form form) {
  const struct target native = {NULL, NULL, false};
  const char *error = NULL;
  struct emitted code;
  if (!compile_argument(r, argument, true)) return false;
  if (!emit_plan(r->c.arena, r->c.plan, NULL, &native, form, &code, &error)) {
    diag_report(r->c.diags, MSG_TARGET, (struct span){0}, error);
    return false;
  }
  fwrite(code.bytes, 1, code.size, stdout);
  return true;
}

bool command_of_llvm(struct entry_run *r, const struct command_argument *argument) {
  return print_code(r, argument, EMIT_LLVM);
}

bool command_of_asm(struct entry_run *r, const struct command_argument *argument) {
  return print_code(r, argument, EMIT_ASSEMBLY);
}

static bool print_report(struct entry_run *r, const struct command_argument *argument, enum report_kind kind) {
  struct options options = r->options;
  if (!compile_argument(r, argument, true)) return false;
  options.reports = 1u << kind;
  r->c.options = &options;
  report(&r->c, kind, stdout);
  return true;
}

bool command_of_memory(struct entry_run *r, const struct command_argument *argument) {
  return print_report(r, argument, REPORT_MEMORY);
}

bool command_of_flops(struct entry_run *r, const struct command_argument *argument) {
  return print_report(r, argument, REPORT_FLOPS);
}

/* ---- shapes ---- */

/* The line of "FILE:LINE:COLUMN" in a text of that name; NULL: another's. */
static const char *line_in(struct entry_run *r, const char *origin, const struct source *source) {
  size_t length = strlen(source->name);
  int line;
  if (strncmp(origin, source->name, length) || sscanf(origin + length, ":%d:", &line) != 1) return NULL;
  const char *at = source->text;
  for (int i = 1; i < line && *at; i++) at += strcspn(at, "\n") + (at[strcspn(at, "\n")] != 0);
  at += strspn(at, " \t");
  return arena_strndup(r->c.arena, at, strcspn(at, "\n"));
}

/* The line of the session's texts or of the library that a node comes from. */
static const char *line_text(struct entry_run *r, const char *origin) {
  const char *line = NULL, *name;
  for (int i = 0; !line && i < r->session->unit_count; i++) line = line_in(r, origin, r->session->units[i].source);
  for (int i = 0; !line && (name = stdlib_name(i)); i++) {
    const struct source source = {.name = arena_printf(r->c.arena, "stdlib/%s.hrm", name), .text = stdlib_text(name)};
    line = line_in(r, origin, &source);
  }
  return line ? line : "";
}

/* The last node that each line makes. */
static void print_shapes(struct entry_run *r, const struct region *region, int depth) {
  for (int i = 0; i < region->count; i++) {
    const struct node *n = region->nodes[i], *next = i + 1 < region->count ? region->nodes[i + 1] : NULL;
    if (n->op == OP_REPEAT) {
      printf("%*srepeat %lld\n", 2 * depth, "", (long long)n->repeat.trips);
      print_shapes(r, n->repeat.body, depth + 1);
    }
    bool is_last = !next || !next->origin || !n->origin || strcmp(next->origin, n->origin) != 0;
    if (!n->origin || op_is_sink(n->op) || n->op == OP_REPEAT || !is_last) continue;
    printf("%*s%-18s %-28s %s\n", 2 * depth, "", type_text(r->c.arena, &n->type), n->origin, line_text(r, n->origin));
  }
}

static bool is_segment(struct entry_run *r, const struct command_argument *argument) {
  const struct decl *model = session_model(r);
  const char *name = model ? arena_printf(r->c.arena, "%s.segment", model->name.text) : "";
  return !strcmp(argument->text, name);
}

bool command_of_shape(struct entry_run *r, const struct command_argument *argument) {
  struct answer answer;
  if (!session_ast(r)) return false;
  if (is_segment(r, argument)) {
    if (!compile_elaborate(&r->c)) return false;
    print_shapes(r, r->c.program->forward->top, 0);
    return true;
  }
  if (!session_elaborate(r, argument->place, (struct span){0}, &answer)) return false;
  if (answer.graph)
    for (int i = 0; i < answer.graph->top->count; i++) {
      const struct node *n = answer.graph->top->nodes[i];
      if (!op_is_sink(n->op) && n->op != OP_CONST)
        printf("%-24s %s\n", type_text(r->c.arena, &n->type), op_text(n->op));
    }
  puts(answer.type);
  return true;
}

/* ---- time ---- */

bool command_of_time(struct entry_run *r, const struct command_argument *argument) {
  struct answer answer;
  double seconds = 0;
  if (!session_elaborate(r, argument->place, (struct span){0}, &answer)) return false;
  if (!answer.text && !session_evaluate(r, &answer, NULL, NULL, &seconds)) return false;
  printf("%.3g us\n", seconds * 1e6);
  return true;
}

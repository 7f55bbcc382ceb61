/* graph_print; see graph_text.h. */
#include "graph_text.h"

#include <string.h>

struct printer {
  FILE *out;
  struct arena *arena;
  int *number; /* by node id; nodes are numbered in order of printing */
  int next;
  struct symbol **symbols;
  int symbol_count, symbol_capacity;
};

static const char *role_text(enum role role) {
  static const char *const text[] = {
      [ROLE_PARAM] = "param",     [ROLE_BUFFER] = "buffer", [ROLE_ROWS] = "rows",
      [ROLE_INPUT] = "input",     [ROLE_LABEL] = "label",   [ROLE_STATE] = "state",
      [ROLE_CONTROL] = "control", [ROLE_OUTPUT] = "output", [ROLE_NOISE] = "noise",
  };
  return text[role];
}

static bool has_symbol(const struct node *n) { return n->op == OP_LEAF || (op_is_sink(n->op) && n->op != OP_LOSS); }

static void print_symbol(struct printer *p, struct symbol *s) {
  for (int i = 0; i < p->symbol_count; i++)
    if (p->symbols[i] == s) return;
  arena_push(p->arena, p->symbols, p->symbol_count, p->symbol_capacity, s);
  fprintf(p->out, "symbol %s %s %s\n", role_text(s->role), s->name, type_text(p->arena, &s->type));
}

static void print_symbols(struct printer *p, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    if (has_symbol(r->nodes[i])) print_symbol(p, r->nodes[i]->symbol);
    if (r->nodes[i]->op == OP_REPEAT) print_symbols(p, r->nodes[i]->repeat.body);
  }
}

static void print_axes(struct printer *p, const int8_t *axes, int count) {
  fprintf(p->out, " {");
  for (int i = 0; i < count; i++) fprintf(p->out, "%s%d", i ? ", " : "", axes[i]);
  fprintf(p->out, "}");
}

static void print_mask(struct printer *p, uint32_t mask) {
  int8_t axes[GRAPH_MAX_RANK];
  int count = 0;
  for (int i = 0; i < GRAPH_MAX_RANK; i++)
    if (mask >> i & 1) axes[count++] = (int8_t)i;
  print_axes(p, axes, count);
}

static void print_labels(struct printer *p, const int8_t *labels, int rank) {
  for (int i = 0; i < rank; i++) fputc('a' + labels[i], p->out);
}

static void print_contract(struct printer *p, const struct node *n) {
  fprintf(p->out, " \"");
  print_labels(p, n->contract.left, n->operand[0]->type.rank);
  fputc(',', p->out);
  print_labels(p, n->contract.right, n->operand[1]->type.rank);
  fprintf(p->out, "->");
  print_labels(p, n->contract.result, n->type.rank);
  fputc('"', p->out);
}

static void print_reduce(struct printer *p, const struct node *n) {
  static const char *const text[] = {[REDUCE_SUM] = "sum", [REDUCE_MAX] = "max", [REDUCE_MIN] = "min"};
  fprintf(p->out, ".%s", text[n->reduce.kind]);
  print_mask(p, n->reduce.axes);
}

static void print_attributes(struct printer *p, const struct node *n) {
  switch (n->op) {
  case OP_CONST: fprintf(p->out, " %.17g", n->value); break;
  case OP_LEAF:
  case OP_STORE:
  case OP_ACCUMULATE:
  case OP_ACCUMULATE_ROWS: fprintf(p->out, " %s", n->symbol->name); break;
  case OP_MAP: fprintf(p->out, ".%s", scalar_text(n->scalar)); break;
  case OP_REDUCE: print_reduce(p, n); break;
  case OP_CONTRACT: print_contract(p, n); break;
  case OP_TRANSPOSE:
  case OP_BROADCAST: print_axes(p, n->axes, n->operand[0]->type.rank); break;
  case OP_SLICE:
  case OP_PAD:
    fprintf(p->out, " {axis %d, from %lld, step %lld}", n->range.axis, (long long)n->range.from,
            (long long)n->range.step);
    break;
  case OP_CONCAT: fprintf(p->out, " {axis %d}", n->range.axis); break;
  case OP_RESULT: fprintf(p->out, " {%d}", n->index); break;
  default: break;
  }
}

static void print_values(struct printer *p, struct node *const *nodes, int count) {
  for (int i = 0; i < count; i++) fprintf(p->out, "%s %%%d", i ? "," : "", p->number[nodes[i]->id]);
}

static int give_number(struct printer *p, const struct node *n) { return p->number[n->id] = p->next++; }

static void indent(struct printer *p, int depth) { fprintf(p->out, "%*s", 2 * depth, ""); }

static void print_region(struct printer *p, const struct region *r, int depth);

static void print_repeat(struct printer *p, const struct node *n, int depth) {
  const struct region *body = n->repeat.body;
  fprintf(p->out, "repeat %%%d = trips %lld last %lld %s(", give_number(p, n), (long long)n->repeat.trips,
          (long long)n->repeat.last, n->repeat.is_checkpoint ? "checkpoint " : "");
  for (int i = 0; i < n->arity; i++)
    fprintf(p->out, "%s%%%d = %%%d", i ? ", " : "", give_number(p, body->carries[i]), p->number[n->operand[i]->id]);
  fprintf(p->out, ") {\n");
  print_region(p, body, depth + 1);
  indent(p, depth + 1);
  fprintf(p->out, "yield");
  print_values(p, body->results, body->carry_count);
  fputc('\n', p->out);
  indent(p, depth);
  fprintf(p->out, "}\n");
}

static void print_node(struct printer *p, const struct node *n) {
  int number = give_number(p, n);
  if (!op_is_sink(n->op)) fprintf(p->out, "%%%d = ", number);
  fprintf(p->out, "%s", op_text(n->op));
  print_attributes(p, n);
  print_values(p, n->operand, n->arity);
  if (!op_is_sink(n->op)) fprintf(p->out, " : %s", type_text(p->arena, &n->type));
  fputc('\n', p->out);
}

static void print_region(struct printer *p, const struct region *r, int depth) {
  for (int i = 0; i < r->count; i++) {
    indent(p, depth);
    if (r->nodes[i]->op == OP_REPEAT)
      print_repeat(p, r->nodes[i], depth);
    else
      print_node(p, r->nodes[i]);
  }
}

void graph_print(const struct graph *g, FILE *out) {
  struct printer p = {.out = out, .arena = g->arena};
  p.number = arena_new_array(p.arena, int, (size_t)g->next_id + 1);
  fprintf(out, "graph %s\n", g->name);
  print_symbols(&p, g->top);
  print_region(&p, g->top, 0);
  fprintf(out, "end\n");
}

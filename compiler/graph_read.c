/* graph_read; see graph_text.h.  A recursive descent over lines; the first mistake wins, and every parse function
 * after it does nothing. */
#include "graph_text.h"
#include "infer.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Deeper nesting is refused, so that no reader of the graph runs out of stack. */
enum { MAX_DEPTH = 64 };

struct reader {
  struct arena *arena;
  struct graph *graph;
  const char *at;
  int line;
  const char *error;
  struct node **by_number; /* as written in the text */
  int64_t number_limit;
  struct symbol **symbols;
  int symbol_count, symbol_capacity;
  struct node *open[MAX_DEPTH]; /* repeats around the cursor */
  int depth;
};

static void fail(struct reader *r, const char *what) {
  if (!r->error) r->error = arena_printf(r->arena, "line %d: %s", r->line, what);
}

static void skip_blanks(struct reader *r) {
  while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r') r->at++;
}

/* Takes the text where it comes next. */
static bool accept(struct reader *r, const char *text) {
  skip_blanks(r);
  size_t length = strlen(text);
  if (r->error || strncmp(r->at, text, length) != 0) return false;
  r->at += length;
  return true;
}

static void expect(struct reader *r, const char *text) {
  if (!accept(r, text)) fail(r, arena_printf(r->arena, "expected '%s'", text));
}

static int64_t read_integer(struct reader *r) {
  skip_blanks(r);
  if (r->error) return 0;
  char *end;
  errno = 0;
  long long value = strtoll(r->at, &end, 10);
  if (end == r->at || errno || !(isdigit((unsigned char)*r->at) || *r->at == '-')) fail(r, "expected an integer");
  r->at = end;
  return value;
}

static double read_number(struct reader *r) {
  skip_blanks(r);
  if (r->error || *r->at == '\n') return fail(r, "expected a number"), 0;
  char *end;
  double value = strtod(r->at, &end);
  if (end == r->at) fail(r, "expected a number");
  r->at = end;
  return value;
}

/* A run of characters without blanks. */
static const char *read_word(struct reader *r) {
  skip_blanks(r);
  const char *begin = r->at;
  while (*r->at && !isspace((unsigned char)*r->at)) r->at++;
  if (r->at == begin) fail(r, "expected a name");
  return arena_strndup(r->arena, begin, (size_t)(r->at - begin));
}

static void end_line(struct reader *r) {
  skip_blanks(r);
  if (*r->at == '\n')
    r->at++, r->line++;
  else if (*r->at)
    fail(r, "expected the end of the line");
}

static void skip_empty_lines(struct reader *r) {
  for (skip_blanks(r); *r->at == '\n'; skip_blanks(r)) r->at++, r->line++;
}

static struct type read_type(struct reader *r) {
  static const enum dtype dtypes[] = {DTYPE_F32, DTYPE_F64, DTYPE_BF16, DTYPE_I32};
  struct type type = {0};
  size_t i = 0, count = sizeof dtypes / sizeof *dtypes;
  while (i < count && !accept(r, dtype_text(dtypes[i]))) i++;
  if (i == count) return fail(r, "expected a type"), type;
  type.dtype = dtypes[i];
  expect(r, "[");
  while (!r->error && !accept(r, "]")) {
    if (type.rank) expect(r, ",");
    if (type.rank == GRAPH_MAX_RANK) return fail(r, "too many axes"), type;
    type.extent[type.rank++] = accept(r, "B") ? EXTENT_BATCH : read_integer(r);
  }
  if (r->error) return (struct type){0};
  const char *error = infer_check_type(r->arena, &type);
  if (error) fail(r, error);
  return type;
}

/* ---- values and symbols ---- */

static int64_t read_value_number(struct reader *r) {
  expect(r, "%");
  int64_t number = read_integer(r);
  if (number < 0 || number >= r->number_limit) return fail(r, "number of a value out of range"), 0;
  return number;
}

static struct node *read_value(struct reader *r) {
  int64_t number = read_value_number(r);
  struct node *n = r->by_number[number];
  if (!n && !r->error) fail(r, arena_printf(r->arena, "%%%lld is not known", (long long)number));
  return n;
}

/* A number that no value has yet. */
static int64_t read_new_number(struct reader *r) {
  int64_t number = read_value_number(r);
  if (r->by_number[number]) fail(r, arena_printf(r->arena, "%%%lld is defined twice", (long long)number));
  return number;
}

static struct symbol *read_symbol_name(struct reader *r) {
  const char *name = read_word(r);
  for (int i = 0; i < r->symbol_count; i++)
    if (strcmp(r->symbols[i]->name, name) == 0) return r->symbols[i];
  fail(r, arena_printf(r->arena, "no symbol is called %s", name));
  return NULL;
}

static enum role read_role(struct reader *r) {
  static const struct {
    const char *text;
    enum role role;
  } roles[] = {
      {"param", ROLE_PARAM},     {"buffer", ROLE_BUFFER}, {"rows", ROLE_ROWS},
      {"input", ROLE_INPUT},     {"label", ROLE_LABEL},   {"state", ROLE_STATE},
      {"control", ROLE_CONTROL}, {"output", ROLE_OUTPUT}, {"noise", ROLE_NOISE},
  };
  const char *word = read_word(r);
  for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
    if (strcmp(word, roles[i].text) == 0) return roles[i].role;
  fail(r, "unknown role of a symbol");
  return ROLE_INPUT;
}

static void read_symbol(struct reader *r) {
  struct symbol *s = arena_new_object(r->arena, struct symbol);
  s->role = read_role(r);
  s->name = read_word(r);
  s->type = read_type(r);
  if (r->error) return;
  if (s->type.rank == GRAPH_MAX_RANK || type_is_batched(&s->type))
    fail(r, "a symbol has no batch axis and leaves room for one");
  arena_push(r->arena, r->symbols, r->symbol_count, r->symbol_capacity, s);
}

/* ---- attributes ---- */

static int read_axes(struct reader *r, int8_t axes[GRAPH_MAX_RANK]) {
  int count = 0;
  expect(r, "{");
  while (!r->error && !accept(r, "}")) {
    if (count) expect(r, ",");
    int64_t axis = read_integer(r);
    if (count == GRAPH_MAX_RANK || axis < 0 || axis >= GRAPH_MAX_RANK) return fail(r, "bad axes"), 0;
    axes[count++] = (int8_t)axis;
  }
  return count;
}

static int read_labels(struct reader *r, int8_t labels[GRAPH_MAX_RANK]) {
  int count = 0;
  memset(labels, -1, GRAPH_MAX_RANK);
  for (; *r->at >= 'a' && *r->at <= 'z'; r->at++) {
    if (count == GRAPH_MAX_RANK) return fail(r, "too many labels"), 0;
    labels[count++] = (int8_t)(*r->at - 'a');
  }
  return count;
}

struct label_counts {
  int left, right, result;
};

static struct label_counts read_contract(struct reader *r, struct node *n) {
  struct label_counts count;
  expect(r, "\"");
  count.left = read_labels(r, n->contract.left);
  expect(r, ",");
  count.right = read_labels(r, n->contract.right);
  expect(r, "->");
  count.result = read_labels(r, n->contract.result);
  expect(r, "\"");
  return count;
}

static void read_scalar(struct reader *r, struct node *n) {
  expect(r, ".");
  const char *word = read_word(r);
  for (int i = 0; i < SCALAR_COUNT; i++)
    if (strcmp(word, scalar_text((enum scalar_op)i)) == 0) {
      n->scalar = (enum scalar_op)i;
      return;
    }
  fail(r, arena_printf(r->arena, "no scalar function is called %s", word));
}

static void read_reduce(struct reader *r, struct node *n) {
  if (accept(r, ".sum"))
    n->reduce.kind = REDUCE_SUM;
  else if (accept(r, ".max"))
    n->reduce.kind = REDUCE_MAX;
  else if (accept(r, ".min"))
    n->reduce.kind = REDUCE_MIN;
  else
    fail(r, "unknown reduction");
  int8_t axes[GRAPH_MAX_RANK];
  int count = read_axes(r, axes);
  for (int i = 0; i < count; i++) n->reduce.axes |= UINT32_C(1) << axes[i];
}

static void read_range(struct reader *r, struct node *n) {
  expect(r, "{");
  expect(r, "axis");
  int64_t axis = read_integer(r);
  n->range.axis = axis >= 0 && axis < GRAPH_MAX_RANK ? (int)axis : -1;
  if (n->op != OP_CONCAT) {
    expect(r, ",");
    expect(r, "from");
    n->range.from = read_integer(r);
    expect(r, ",");
    expect(r, "step");
    n->range.step = read_integer(r);
  }
  expect(r, "}");
}

static void read_index(struct reader *r, struct node *n) {
  expect(r, "{");
  int64_t index = read_integer(r);
  n->index = index >= 0 && index < INT32_MAX ? (int)index : -1;
  expect(r, "}");
}

/* Reads the attributes; returns how many axes or labels they name for the operands, to be checked against their rank.
 */
static struct label_counts read_attributes(struct reader *r, struct node *n) {
  struct label_counts count = {-1, -1, -1};
  switch (n->op) {
  case OP_CONST: n->value = read_number(r); break;
  case OP_LEAF:
  case OP_STORE:
  case OP_ACCUMULATE:
  case OP_ACCUMULATE_ROWS: n->symbol = read_symbol_name(r); break;
  case OP_MAP: read_scalar(r, n); break;
  case OP_REDUCE: read_reduce(r, n); break;
  case OP_CONTRACT: count = read_contract(r, n); break;
  case OP_TRANSPOSE:
  case OP_BROADCAST: count.left = read_axes(r, n->axes); break;
  case OP_SLICE:
  case OP_PAD:
  case OP_CONCAT: read_range(r, n); break;
  case OP_RESULT: read_index(r, n); break;
  default: break;
  }
  return count;
}

/* ---- lines ---- */

static enum op read_op(struct reader *r) {
  skip_blanks(r);
  size_t length = strcspn(r->at, " \t\r\n.");
  for (int i = 0; i < OP_COUNT; i++) {
    const char *text = op_text((enum op)i);
    if (strlen(text) != length || strncmp(r->at, text, length) != 0) continue;
    r->at += length;
    return (enum op)i;
  }
  fail(r, "unknown operator");
  return OP_CONST;
}

static void read_operands(struct reader *r, struct node *n) {
  int capacity = 0;
  for (skip_blanks(r); !r->error && *r->at == '%'; skip_blanks(r)) {
    arena_push(r->arena, n->operand, n->arity, capacity, read_value(r));
    if (!accept(r, ",")) break;
  }
}

static void check_counts(struct reader *r, const struct node *n, struct label_counts count) {
  if (r->error) return;
  bool good = (count.left < 0 || (n->arity > 0 && n->operand[0]->type.rank == count.left)) &&
              (count.right < 0 || (n->arity > 1 && n->operand[1]->type.rank == count.right)) &&
              (count.result < 0 || n->type.rank == count.result);
  if (!good) fail(r, "axes or labels do not match the rank");
}

static void check_type(struct reader *r, const struct node *n) {
  if (r->error) return;
  struct type type = n->type;
  const char *error = infer_type(r->arena, n, &type);
  if (error)
    fail(r, error);
  else if (!type_equal(&type, &n->type))
    fail(r, arena_printf(r->arena, "the type is %s", type_text(r->arena, &type)));
}

/* The rest of a line after "%number =", or of a sink's line. */
static struct node *read_node(struct reader *r) {
  struct node n = {.op = read_op(r)};
  if (n.op == OP_REPEAT || n.op == OP_CARRY) fail(r, "not an operator of a line");
  struct label_counts count = read_attributes(r, &n);
  read_operands(r, &n);
  if (!op_is_sink(n.op)) {
    expect(r, ":");
    n.type = read_type(r);
  }
  check_counts(r, &n, count);
  check_type(r, &n);
  end_line(r);
  return r->error ? NULL : graph_copy_node(r->graph, &n, n.operand);
}

static void read_assignment(struct reader *r) {
  int64_t number = read_new_number(r);
  expect(r, "=");
  struct node *n = read_node(r);
  if (n && op_is_sink(n->op)) fail(r, "a sink has no value");
  r->by_number[number] = n;
}

static void read_repeat(struct reader *r) {
  int64_t number = read_new_number(r);
  expect(r, "= trips");
  int64_t trips = read_integer(r);
  expect(r, "last");
  int64_t last = read_integer(r);
  if (trips < 0 || last < HORIZON_EVERYTHING) fail(r, "negative trips or horizon");
  if (r->depth == MAX_DEPTH) fail(r, "too deeply nested");
  bool is_checkpoint = accept(r, "checkpoint");
  int64_t *carries = NULL;
  struct node **initial = NULL;
  int count = 0, carry_capacity = 0, initial_capacity = 0;
  expect(r, "(");
  while (!r->error && !accept(r, ")")) {
    if (count) expect(r, ",");
    int unused = count;
    arena_push(r->arena, carries, unused, carry_capacity, read_new_number(r));
    expect(r, "=");
    arena_push(r->arena, initial, count, initial_capacity, read_value(r));
    if (!r->error && (op_is_sink(initial[count - 1]->op) || initial[count - 1]->op == OP_REPEAT))
      fail(r, "not a value");
  }
  expect(r, "{");
  end_line(r);
  if (r->error) return;
  struct node *repeat = graph_repeat_open(r->graph, trips, last, initial, count);
  repeat->repeat.is_checkpoint = is_checkpoint;
  r->open[r->depth++] = repeat;
  r->by_number[number] = repeat;
  for (int i = 0; i < count; i++) r->by_number[carries[i]] = repeat->repeat.body->carries[i];
}

static void read_yield(struct reader *r) {
  struct node n = {0};
  read_operands(r, &n);
  end_line(r);
  skip_empty_lines(r);
  expect(r, "}");
  end_line(r);
  if (!r->error && r->depth == 0) fail(r, "yield outside a repeat");
  if (r->error) return;
  struct node *repeat = r->open[--r->depth];
  const struct region *body = repeat->repeat.body;
  if (n.arity != body->carry_count) return fail(r, "yields and carries differ in number");
  for (int i = 0; i < n.arity; i++)
    if (!type_equal(&n.operand[i]->type, &body->carries[i]->type)) return fail(r, "a carry changes its type");
  graph_repeat_close(r->graph, repeat, n.operand);
}

static void read_line(struct reader *r) {
  if (*r->at == '%')
    read_assignment(r);
  else if (accept(r, "symbol "))
    read_symbol(r), end_line(r);
  else if (accept(r, "repeat "))
    read_repeat(r);
  else if (accept(r, "yield"))
    read_yield(r);
  else
    read_node(r);
}

struct graph *graph_read(struct arena *a, const char *text, const char **error) {
  struct reader r = {.arena = a, .at = text, .line = 1, .number_limit = (int64_t)strlen(text) + 1};
  r.by_number = arena_new_array(a, struct node *, (size_t)r.number_limit);
  skip_empty_lines(&r);
  expect(&r, "graph ");
  r.graph = graph_new(a, read_word(&r));
  end_line(&r);
  bool ended = false;
  while (!r.error && !ended) {
    skip_empty_lines(&r);
    ended = accept(&r, "end");
    if (!ended) read_line(&r);
  }
  if (!r.error && r.depth) fail(&r, "a repeat is open at the end");
  const char *wrong = r.error ? NULL : graph_verify(a, r.graph);
  if (wrong) fail(&r, wrong);
  *error = r.error;
  return r.error ? NULL : r.graph;
}

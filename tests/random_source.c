/* See random_source.h.  Text is made for a wanted shape: expression(shape) chooses a form whose result has it and
 * makes the parts that this form needs. */
#include "tests/random_source.h"

#include "tests/random_graph.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RANK = 3, MOST_VARIABLES = 96, N_SIZE = 1000 /* the dimension variable N: equal to nothing else */ };
enum { INPUT_LENGTH = 3, VOCABULARY = 5, WIDTH = 4 };

struct shape {
  int rank, size[MOST_RANK];
};

struct variable {
  char name[8];
  struct shape shape;
  bool is_assignable;
};

struct writer {
  struct arena *arena;
  FILE *out;
  uint64_t state;
  struct variable variables[MOST_VARIABLES];
  int count;
  int names; /* made so far */
  int indent;
  bool in_model; /* inputs and modules may be used */
  bool in_function;
};

static int below(struct writer *w, int limit) { return random_below(&w->state, limit); }
static bool chance(struct writer *w, int percent) { return below(w, 100) < percent; }

#define PICK(w, array) ((array)[below((w), (int)(sizeof(array) / sizeof *(array)))])

static const char *format(struct writer *w, const char *text, ...) __attribute__((format(printf, 2, 3)));
static const char *format(struct writer *w, const char *text, ...) {
  va_list arguments;
  va_start(arguments, text);
  const char *made = arena_vprintf(w->arena, text, arguments);
  va_end(arguments);
  return made;
}

static void line(struct writer *w, const char *text) { fprintf(w->out, "%*s%s\n", 2 * w->indent, "", text); }

/* ---- shapes ---- */

static const struct shape scalar = {0, {0}};

static struct shape vector(int size) { return (struct shape){1, {size}}; }

static bool same(const struct shape *a, const struct shape *b) {
  return a->rank == b->rank && !memcmp(a->size, b->size, sizeof *a->size * (size_t)a->rank);
}

static int random_size(struct writer *w) {
  static const int sizes[] = {1, 2, 2, INPUT_LENGTH, INPUT_LENGTH, WIDTH, WIDTH, VOCABULARY};
  return PICK(w, sizes);
}

static struct shape random_shape(struct writer *w) {
  static const int ranks[] = {0, 1, 1, 2, 2, 2, 3};
  struct shape s = {.rank = PICK(w, ranks)};
  for (int i = 0; i < s.rank; i++) s.size[i] = random_size(w);
  return s;
}

static struct shape with_last(struct shape s, int size) {
  s.size[s.rank++] = size;
  return s;
}

static struct shape with_first(const struct shape *s, int size) {
  struct shape out = {s->rank + 1, {size}};
  memcpy(out.size + 1, s->size, sizeof *s->size * (size_t)s->rank);
  return out;
}

static struct shape without_first(const struct shape *s) {
  struct shape out = {s->rank - 1, {0}};
  memcpy(out.size, s->size + 1, sizeof *s->size * (size_t)out.rank);
  return out;
}

static const char *dim_text(struct writer *w, int size) {
  if (size == N_SIZE) return "N";
  bool named = chance(w, 50);
  if (named && size == INPUT_LENGTH) return "seq_len";
  if (named && size == VOCABULARY) return "vocab_size";
  if (named && size == WIDTH) return "width";
  return format(w, "%d", size);
}

static const char *shape_text(struct writer *w, const struct shape *s) {
  const char *text = "";
  for (int i = 0; i < s->rank; i++) text = format(w, "%s%s%s", text, i ? ", " : "", dim_text(w, s->size[i]));
  return format(w, "[%s]", text);
}

/* ---- variables ---- */

static const struct variable *add_variable(struct writer *w, const char *name, struct shape shape, bool assignable) {
  struct variable *v = &w->variables[w->count < MOST_VARIABLES ? w->count++ : below(w, MOST_VARIABLES)];
  *v = (struct variable){.shape = shape, .is_assignable = assignable};
  snprintf(v->name, sizeof v->name, "%s", name);
  return v;
}

static const char *new_name(struct writer *w) { return format(w, "v%d", w->names++); }

static const char *number(struct writer *w) {
  static const char *const numbers[] = {"0.5", "-0.25", "1.5", "0.0", "1.0", "-1", "2", "0.125"};
  return PICK(w, numbers);
}

/* A variable of that shape; NULL without one. */
static const char *find_variable(struct writer *w, const struct shape *s) {
  for (int tries = 0; w->count && tries < 24; tries++) {
    const struct variable *v = &w->variables[below(w, w->count)];
    if (same(&v->shape, s)) return v->name;
  }
  return NULL;
}

static const char *leaf(struct writer *w, const struct shape *s) {
  const char *name = find_variable(w, s);
  if (name && chance(w, 90)) return name;
  if (w->in_model && s->rank == 1 && s->size[0] == INPUT_LENGTH && chance(w, 20)) return "float(inputs)";
  if (w->in_model && s->rank == 2 && s->size[0] == INPUT_LENGTH && s->size[1] == VOCABULARY && chance(w, 60))
    return "one_hot(inputs, vocab_size)";
  if (s->rank == 1 && chance(w, 30)) return format(w, "float(iota(%s))", dim_text(w, s->size[0]));
  if (s->rank == 0) return number(w);
  const char *value = w->count && chance(w, 50) ? find_variable(w, &scalar) : NULL;
  return format(w, "fill(%s, %s)", value ? value : number(w), shape_text(w, s));
}

/* ---- expressions: each form gives NULL where it cannot have the shape ---- */

static const char *expression(struct writer *w, struct shape s, int depth);

typedef const char *form_fn(struct writer *w, const struct shape *s, int depth);

static const char *unary(struct writer *w, const struct shape *s, int depth) {
  static const char *const names[] = {"tanh", "sigmoid", "sin", "cos", "abs", "nn.relu", "nn.silu", "stop_gradient"};
  return format(w, "%s(%s)", PICK(w, names), expression(w, *s, depth));
}

static const char *negated(struct writer *w, const struct shape *s, int depth) {
  return format(w, "-(%s)", expression(w, *s, depth));
}

static const char *positive(struct writer *w, const struct shape *s, int depth) {
  const char *x = expression(w, *s, depth);
  switch (below(w, 6)) {
  case 0: return format(w, "log(1 + abs(%s))", x);
  case 1: return format(w, "sqrt(0.5 + abs(%s))", x);
  case 2: return format(w, "exp(tanh(%s))", x);
  case 3: return format(w, "(1 + abs(%s)) ** 0.5", x);
  case 4: return format(w, "tanh(%s) ** 2", x);
  default: return format(w, "float(0.5 * float64(%s))", x);
  }
}

static const char *binary(struct writer *w, const struct shape *s, int depth) {
  const char *x = expression(w, *s, depth), *y = expression(w, *s, depth);
  switch (below(w, 6)) {
  case 0: return format(w, "%s(%s, %s)", chance(w, 50) ? "max" : "min", x, y);
  case 1: return format(w, "tanh((%s) * (%s))", x, y);
  case 2: return format(w, "(%s) / (1.25 + abs(%s))", x, y);
  case 3: return format(w, "0.5 * (%s) - (%s)", x, y);
  default: return format(w, "0.5 * (%s + %s)", x, y);
  }
}

/* An operand that lacks leading axes. */
static const char *lifted_binary(struct writer *w, const struct shape *s, int depth) {
  if (s->rank == 0) return NULL;
  struct shape tail = without_first(s);
  if (tail.rank && chance(w, 30)) tail = scalar;
  const char *x = expression(w, *s, depth), *y = expression(w, tail, depth);
  if (chance(w, 30)) return format(w, "tanh((%s) * (%s))", y, x);
  return format(w, "(%s) %s (%s)", x, chance(w, 50) ? "+" : "-", y);
}

static const char *choice(struct writer *w, const struct shape *s, int depth) {
  static const char *const signs[] = {"<", "<=", ">", ">="};
  const char *x = expression(w, *s, depth), *y = expression(w, *s, depth);
  return format(w, "where(%s %s %s, %s, %s)", leaf(w, s), PICK(w, signs), number(w), x, y);
}

static const char *static_choice(struct writer *w, const struct shape *s, int depth) {
  const char *x = expression(w, *s, depth), *y = expression(w, *s, depth);
  return format(w, "(%s if mode == \"%s\" else %s)", x, chance(w, 50) ? "plain" : "fancy", y);
}

static const char *reduced(struct writer *w, const struct shape *s, int depth) {
  static const char *const names[] = {"sum", "mean", "max", "min"};
  if (s->rank == MOST_RANK) return NULL;
  return format(w, "tanh(%s(%s))", PICK(w, names), expression(w, with_last(*s, random_size(w)), depth));
}

static const char *product(struct writer *w, const struct shape *s, int depth) {
  int inner = random_size(w);
  struct shape left = vector(inner), right = {2, {inner, s->rank ? s->size[s->rank - 1] : 0}};
  if (s->rank == 0 || s->rank == MOST_RANK) return NULL;
  if (s->rank == 2) left = (struct shape){2, {s->size[0], inner}};
  if (s->rank == 1 && chance(w, 50))
    return format(w, "tanh(%s @ %s)", leaf(w, &(struct shape){2, {s->size[0], inner}}), leaf(w, &left));
  return format(w, "tanh((%s) @ (%s))", expression(w, left, depth), expression(w, right, depth));
}

static const char *element(struct writer *w, const struct shape *s, int depth) {
  if (s->rank == MOST_RANK) return NULL;
  int size = random_size(w), index = below(w, size);
  return format(w, "(%s)[%d]", expression(w, with_first(s, size), depth), chance(w, 50) ? index : index - size);
}

static const char *slice(struct writer *w, const struct shape *s, int depth) {
  if (s->rank == 0 || s->size[0] == N_SIZE) return NULL;
  struct shape whole = *s;
  int before = below(w, 3), after = below(w, 3), kept = s->size[0];
  if (chance(w, 25)) {
    whole.size[0] = 2 * kept;
    return format(w, "(%s)[%d::2]", expression(w, whole, depth), below(w, 2));
  }
  whole.size[0] = before + kept + after;
  const char *x = expression(w, whole, depth);
  if (before == 0) return format(w, "(%s)[:%d]", x, kept);
  return after == 0 ? format(w, "(%s)[%d:]", x, before) : format(w, "(%s)[%d:%d]", x, before, before + kept);
}

static const char *transposed(struct writer *w, const struct shape *s, int depth) {
  if (s->rank != 2) return NULL;
  return format(w, "transpose(%s)", expression(w, (struct shape){2, {s->size[1], s->size[0]}}, depth));
}

static const char *reshaped(struct writer *w, const struct shape *s, int depth) {
  int elements = 1;
  for (int i = 0; i < s->rank; i++) elements *= s->size[i];
  if (s->rank == 0 || elements > 60) return NULL;
  struct shape from = vector(elements);
  if (elements % 2 == 0 && chance(w, 60)) from = (struct shape){2, {2, elements / 2}};
  return format(w, "reshape(%s, %s)", expression(w, from, depth), shape_text(w, s));
}

static const char *joined(struct writer *w, const struct shape *s, int depth) {
  int axis = s->rank ? below(w, s->rank) : 0;
  if (s->rank == 0 || s->size[axis] == N_SIZE || s->size[axis] < 2) return NULL;
  struct shape left = *s, right = *s;
  left.size[axis] = 1 + below(w, s->size[axis] - 1);
  right.size[axis] = s->size[axis] - left.size[axis];
  return format(w, "concat(%s, %s, axis = %d)", expression(w, left, depth), expression(w, right, depth), axis);
}

static const char *listed(struct writer *w, const struct shape *s, int depth) {
  if (s->rank == 0 || s->size[0] == N_SIZE || s->size[0] > 3) return NULL;
  struct shape item = without_first(s);
  const char *text = "";
  for (int i = 0; i < s->size[0]; i++)
    text = format(w, "%s%s%s", text, i ? ", " : "", item.rank ? expression(w, item, depth - 1) : leaf(w, &item));
  return format(w, "0.5 * [%s]", text);
}

static const char *normalised(struct writer *w, const struct shape *s, int depth) {
  static const char *const names[] = {"nn.softmax", "nn.rms_norm", "nn.log_softmax", "bend"};
  if (s->rank == 0) return NULL;
  const char *name = PICK(w, names);
  bool is_own = !strcmp(name, "bend");
  if (is_own && w->in_function) return NULL;
  return format(w, "%s%s(%s)", is_own ? "" : "0.5 * ", name, expression(w, *s, depth));
}

/* mix(x: [N], y: [N]) lifts over what x has in front. */
static const char *lifted_call(struct writer *w, const struct shape *s, int depth) {
  if (s->rank == 0 || w->in_function) return NULL;
  return format(w, "mix(%s, %s)", expression(w, *s, depth), expression(w, vector(s->size[s->rank - 1]), depth));
}

static const char *scalar_call(struct writer *w, const struct shape *s, int depth) {
  if (w->in_function || s->rank == MOST_RANK) return NULL;
  struct shape x = with_last(*s, random_size(w));
  return format(w, "score(%s, %s)", expression(w, x, depth), expression(w, vector(x.size[x.rank - 1]), depth));
}

static const char *module_call(struct writer *w, const struct shape *s, int depth) {
  static const char *const names[] = {"cell", "cells[0]", "cells[1]", "linear"};
  if (!w->in_model || s->rank == 0 || s->size[s->rank - 1] != WIDTH) return NULL;
  return format(w, "tanh(%s(%s))", PICK(w, names), expression(w, *s, depth));
}

static const char *gathered(struct writer *w, const struct shape *s, int depth) {
  if (!w->in_model || s->rank == 0 || s->size[0] != INPUT_LENGTH) return NULL;
  struct shape rows = without_first(s);
  return format(w, "(%s)[inputs]", expression(w, with_first(&rows, VOCABULARY), depth));
}

static const char *expression(struct writer *w, struct shape s, int depth) {
  static form_fn *const forms[] = {
      unary,         unary,   negated,    positive,    positive,    binary,      binary,      lifted_binary, choice,
      static_choice, reduced, product,    product,     element,     slice,       slice,       transposed,    reshaped,
      joined,        listed,  normalised, lifted_call, scalar_call, module_call, module_call, gathered,
  };
  for (int tries = 0; depth > 0 && tries < 4; tries++) {
    if (chance(w, 20)) break;
    const char *text = PICK(w, forms)(w, &s, depth - 1);
    if (text) return text;
  }
  return leaf(w, &s);
}

/* ---- index notation ---- */

struct factor {
  const struct variable *variable;
  char index[MOST_RANK];
};

struct notation {
  struct factor factors[2];
  int size['h' - 'a' + 1]; /* of each letter */
  int letters;
};

/* A letter for an axis: one of the same size, not used in this factor yet, or a new one. */
static char axis_letter(struct writer *w, struct notation *n, const struct factor *f, int axis) {
  for (int i = 0; i < n->letters; i++) {
    bool fits = n->size[i] == f->variable->shape.size[axis] && !memchr(f->index, 'a' + i, (size_t)axis);
    if (fits && chance(w, 75)) return (char)('a' + i);
  }
  n->size[n->letters] = f->variable->shape.size[axis];
  return (char)('a' + n->letters++);
}

static void add_factor(struct writer *w, struct notation *n, struct factor *f) {
  f->variable = &w->variables[below(w, w->count)];
  for (int tries = 0; f->variable->shape.rank == 0 && tries < 20; tries++)
    f->variable = &w->variables[below(w, w->count)];
  for (int i = 0; i < f->variable->shape.rank; i++) f->index[i] = axis_letter(w, n, f, i);
}

static const char *letters_text(struct writer *w, const char *letters, int count) {
  const char *text = "";
  for (int i = 0; i < count; i++) text = format(w, "%s%s%c", text, i ? ", " : "", letters[i]);
  return text;
}

static const char *factor_text(struct writer *w, const struct factor *f) {
  int rank = f->variable->shape.rank;
  if (rank == 0) return f->variable->name;
  return format(w, "%s[%s]", f->variable->name, letters_text(w, f->index, rank));
}

/* let v[i, j] = tanh(sum[k] x[i, k] * y[k, j]), with letters at random. */
static void indexed_let(struct writer *w) {
  static const char *const reductions[] = {"sum", "sum", "sum", "mean", "max"};
  struct notation n = {.letters = 0};
  char kept[8], dropped[8];
  int keep = 0, drop = 0;
  for (int i = 0; i < 2; i++) add_factor(w, &n, &n.factors[i]);
  for (int i = 0; i < n.letters; i++) {
    if (keep < MOST_RANK && chance(w, 55))
      kept[keep++] = (char)('a' + i);
    else
      dropped[drop++] = (char)('a' + i);
  }
  if (n.letters == 0) return;
  if (keep > 1 && chance(w, 40)) {
    char first = kept[0];
    kept[0] = kept[keep - 1];
    kept[keep - 1] = first;
  }
  const char *body = format(w, "%s * %s", factor_text(w, &n.factors[0]), factor_text(w, &n.factors[1]));
  if (drop) body = format(w, "%s[%s] (%s)", PICK(w, reductions), letters_text(w, dropped, drop), body);
  if (keep && chance(w, 20)) body = format(w, "%s + 0.25 * float(%c)", body, kept[0]);
  const char *name = new_name(w);
  struct shape shape = {.rank = keep};
  for (int i = 0; i < keep; i++) shape.size[i] = n.size[kept[i] - 'a'];
  const char *axes = keep ? format(w, "[%s]", letters_text(w, kept, keep)) : "";
  line(w, format(w, "let %s%s = tanh(%s)", name, axes, body));
  add_variable(w, name, shape, false);
}

/* ---- statements ---- */

static void statements(struct writer *w, int count, int nesting);

static void let(struct writer *w) {
  struct shape s = random_shape(w);
  const char *name = new_name(w), *value = expression(w, s, 3);
  bool is_number = s.rank == 0; /* a number would take a type ill */
  line(w, is_number || chance(w, 70) ? format(w, "let %s = %s", name, value)
                                     : format(w, "let %s: %s = %s", name, shape_text(w, &s), value));
  add_variable(w, name, s, false);
}

static void var(struct writer *w) {
  struct shape s = random_shape(w);
  const char *name = new_name(w);
  line(w, format(w, "var %s = %s", name, expression(w, s, 2)));
  add_variable(w, name, s, true);
}

static const struct variable *pick_assignable(struct writer *w) {
  for (int tries = 0; w->count && tries < 20; tries++) {
    const struct variable *v = &w->variables[below(w, w->count)];
    if (v->is_assignable) return v;
  }
  return NULL;
}

static void assign(struct writer *w) {
  const struct variable *v = pick_assignable(w);
  if (v) line(w, format(w, "%s = tanh(%s)", v->name, expression(w, v->shape, 3)));
}

static void block(struct writer *w, const char *head, int nesting) {
  int outside = w->count;
  line(w, format(w, "%s {", head));
  w->indent++;
  statements(w, 1 + below(w, 2), nesting + 1);
  assign(w);
  w->indent--;
  line(w, "}");
  w->count = outside;
}

static const char *horizon(struct writer *w, int trips) {
  const char *checkpoint = chance(w, 50) ? " checkpoint" : "";
  switch (below(w, 4)) {
  case 0: return format(w, "all%s", checkpoint);
  case 1: return "none";
  default: return format(w, "last %d%s", 1 + below(w, trips), checkpoint);
  }
}

static void loop(struct writer *w, int nesting) {
  int trips = 1 + below(w, 3);
  switch (below(w, 4)) {
  case 0: block(w, format(w, "for i%d in 0..%d", nesting, trips), nesting); break;
  case 1: block(w, format(w, "if mode == \"%s\"", chance(w, 50) ? "plain" : "fancy"), nesting); break;
  default: block(w, format(w, "repeat %d grad %s", trips, horizon(w, trips)), nesting); break;
  }
}

static void statements(struct writer *w, int count, int nesting) {
  for (int i = 0; i < count && w->count < MOST_VARIABLES - 4; i++) {
    int kind = below(w, 10);
    if (kind < 3)
      let(w);
    else if (kind < 5)
      indexed_let(w);
    else if (kind < 7)
      var(w);
    else if (kind < 8 || nesting > 1)
      assign(w);
    else
      loop(w, nesting);
  }
}

/* ---- the file ---- */

static void function(struct writer *w, const char *head, const char *second, struct shape result) {
  w->count = 0;
  w->in_function = true;
  add_variable(w, "x", vector(N_SIZE), false);
  if (second) add_variable(w, second, vector(N_SIZE), false);
  line(w, format(w, "fn %s { return %s }", head, expression(w, result, 3)));
  w->in_function = false;
  w->count = 0;
}

static void code(struct writer *w) {
  line(w, "import nn");
  line(w, format(w, "config mode = \"%s\" in [\"plain\", \"fancy\"]", chance(w, 50) ? "plain" : "fancy"));
  line(w, format(w, "config vocab_size = %d, seq_len = %d, width = %d", VOCABULARY, INPUT_LENGTH, WIDTH));
  function(w, "bend(x: [N]) -> [N]", NULL, vector(N_SIZE));
  function(w, "mix(x: [N], y: [N]) -> [N]", "y", vector(N_SIZE));
  function(w, "score(x: [N], y: [N]) -> float", "y", scalar);
  line(w, "module Cell(size) {");
  line(w, "  inner = nn.Linear(size, size, biased = true)");
  line(w, "  param gain: [size] ~ ones");
  line(w, "  fn (x: [size]) -> [size] { return tanh(inner(x) * gain) }");
  line(w, "}");
}

static void weight(struct writer *w, const char *keyword, const char *name) {
  struct shape s = random_shape(w);
  line(w, format(w, "%s %s: %s ~ normal(1)", keyword, name, s.rank ? shape_text(w, &s) : "float"));
  add_variable(w, name, s, false);
}

static void state(struct writer *w, const char *name) {
  struct shape s = random_shape(w);
  if (s.rank == 0) s = vector(random_size(w));
  line(w, format(w, "state %s: %s = 0", name, shape_text(w, &s)));
  add_variable(w, name, s, true);
}

static void members(struct writer *w) {
  line(w, "input inputs: int[seq_len] < vocab_size");
  line(w, "label labels: int[seq_len] < vocab_size");
  line(w, "cell = Cell(width)");
  line(w, "cells = Cell(width) * 2");
  line(w, "linear = nn.Linear(width, width)");
  for (int i = 0; i < 4; i++) weight(w, "param", format(w, "w%d", i));
  weight(w, "buffer", "b0");
  for (int i = 0; i < 2; i++) state(w, format(w, "z%d", i));
}

static void segment(struct writer *w) {
  line(w, "segment {");
  w->indent++;
  statements(w, 3 + below(w, 6), 0);
  for (int i = 0; i < w->count; i++) {
    const struct variable *v = &w->variables[i];
    if (v->name[0] == 'z') line(w, format(w, "%s = tanh(%s)", v->name, expression(w, v->shape, 3)));
  }
  struct shape logits = {2, {INPUT_LENGTH, VOCABULARY}};
  /* Equal logits would leave the prediction to rounding. */
  line(w, format(w, "output logits = 2 * (%s) + 0.0371 * float(iota(vocab_size))", expression(w, logits, 3)));
  line(w, format(w, "output q = %s", expression(w, vector(2), 2)));
  w->indent--;
  line(w, "}");
}

static void policy(struct writer *w) {
  static const char *const policies[] = {"fixed(max_segments = 2)", "halt_head(halt = q[0], max_segments = 3)",
                                         "q_learning(halt = q[0], continue = q[1], max_segments = 4)"};
  const char *kind = chance(w, 50) ? "softmax" : "stablemax";
  line(w,
       format(w, "loss nn.cross_entropy(logits, labels, kind = \"%s\") + 0.25 * %s", kind, expression(w, scalar, 3)));
  line(w, format(w, "act %s", PICK(w, policies)));
}

const char *random_source(struct arena *a, uint64_t seed) {
  char *text = NULL;
  size_t size = 0;
  struct writer w = {.arena = a, .out = open_memstream(&text, &size)};
  w.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  code(&w);
  w.in_model = true;
  line(&w, "model Random {");
  w.indent++;
  members(&w);
  segment(&w);
  policy(&w);
  w.indent--;
  line(&w, "}");
  fclose(w.out);
  const char *copy = arena_strdup(a, text);
  free(text);
  return copy;
}

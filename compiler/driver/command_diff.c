/* hrmc diff A B: what differs between two models in parameters, FLOPs, memory and gradient horizons. */
#include "commands.h"

#include "../cost.h"
#include "variant.h"

#include <jansson.h>
#include <string.h>

enum { MOST_REPEATS = 256 };

/* A repeat of the segment, as written: "repeat 2 grad last 1", and how many are around it. */
struct repeat_line {
  int depth;
  const char *text;
};

struct side {
  const char *name; /* its file and settings, as given */
  const struct compilation *c;
  int64_t parameters, state_bytes;
  struct repeat_line repeats[MOST_REPEATS];
  int repeat_count;
};

static int64_t elements(const struct symbol *s) { return type_elements(&s->type); }

static const char *horizon_text(struct arena *a, const struct node *n) {
  if (n->repeat.last == HORIZON_EVERYTHING)
    return arena_printf(a, "repeat %lld grad all", (long long)n->repeat.trips);
  if (n->repeat.last == HORIZON_NOTHING) return arena_printf(a, "repeat %lld grad none", (long long)n->repeat.trips);
  return arena_printf(a, "repeat %lld grad last %lld", (long long)n->repeat.trips, (long long)n->repeat.last);
}

static void collect_repeats(struct side *s, const struct region *region, int depth) {
  for (int i = 0; i < region->count && s->repeat_count < MOST_REPEATS; i++) {
    const struct node *n = region->nodes[i];
    if (n->op != OP_REPEAT) continue;
    s->repeats[s->repeat_count++] = (struct repeat_line){depth, horizon_text(s->c->arena, n)};
    collect_repeats(s, n->repeat.body, depth + 1);
  }
}

static struct side *measure(const struct compilation *c, const char *name) {
  struct side *s = arena_new_object(c->arena, struct side);
  s->name = name;
  s->c = c;
  for (int i = 0; i < c->program->weight_count; i++)
    if (c->program->weights[i]->symbol->role == ROLE_PARAM) s->parameters += elements(c->program->weights[i]->symbol);
  for (int i = 0; i < c->program->tensor_count; i++) {
    const struct symbol *symbol = c->program->tensors[i].symbol;
    if (symbol->role == ROLE_STATE) s->state_bytes += elements(symbol) * dtype_size(symbol->type.dtype);
  }
  collect_repeats(s, c->program->forward->top, 0);
  return s;
}

/* -- the figures, each a row of both forms -- */

static double figure_parameters(const struct side *s) { return (double)s->parameters; }
static double figure_forward(const struct side *s) {
  return function_cost(&s->c->plan->forward, &s->c->machine, 1).flops;
}
static double figure_train(const struct side *s) {
  return function_cost(&s->c->plan->train, &s->c->machine, 1).flops;
}
static double figure_activations(const struct side *s) { return (double)s->c->plan->train.arena_bytes; }
static double figure_tile(const struct side *s) { return (double)s->c->plan->tile; }
static double figure_states(const struct side *s) { return (double)s->state_bytes; }

static const struct {
  const char *key, *text;
  double (*value)(const struct side *s);
} figures[] = {
    {"parameters", "parameters", figure_parameters},
    {"forward_flops", "FLOPs of a segment, an example", figure_forward},
    {"train_flops", "FLOPs of a training step, an example", figure_train},
    {"activation_bytes", "bytes of activations, a thread", figure_activations},
    {"tile", "  examples that these serve", figure_tile},
    {"state_bytes", "bytes of states, an example", figure_states},
};

enum { FIGURES = sizeof figures / sizeof *figures };

/* -- parameters -- */

static const struct symbol *weight_named(const struct side *s, const char *name) {
  for (int i = 0; i < s->c->program->weight_count; i++)
    if (!strcmp(s->c->program->weights[i]->symbol->name, name)) return s->c->program->weights[i]->symbol;
  return NULL;
}

static const char *shape_text(struct arena *a, const struct symbol *s) {
  const char *text = "";
  if (!s) return "-";
  for (int i = 0; i < s->type.rank; i++)
    text = arena_printf(a, "%s%s%lld", text, i ? ", " : "", (long long)s->type.extent[i]);
  return arena_printf(a, "[%s]", text);
}

/* Calls `visit` for each weight that only one model has, or both with other shapes; a or b is NULL. */
typedef void visit_weight(void *context, const char *path, const struct symbol *a, const struct symbol *b);

static void different_weights(const struct side *a, const struct side *b, visit_weight *visit, void *context) {
  for (int i = 0; i < a->c->program->weight_count; i++) {
    const struct symbol *mine = a->c->program->weights[i]->symbol, *other = weight_named(b, mine->name);
    if (!other || !type_same_shape(&mine->type, &other->type)) visit(context, mine->name, mine, other);
  }
  for (int i = 0; i < b->c->program->weight_count; i++) {
    const struct symbol *mine = b->c->program->weights[i]->symbol;
    if (!weight_named(a, mine->name)) visit(context, mine->name, NULL, mine);
  }
}

/* -- the table -- */

enum { NAME_WIDTH = 44, VALUE_WIDTH = 24 };

static void print_row(const char *name, const char *a, const char *b, const char *note) {
  bool is_wide = strlen(name) > NAME_WIDTH;
  if (is_wide) printf("%s\n", name);
  printf("%-*s %*s %*s  %s\n", NAME_WIDTH, is_wide ? "" : name, VALUE_WIDTH, a, VALUE_WIDTH, b, note);
}

static const char *number_text(struct arena *a, double value) {
  return value < 1e15 ? arena_printf(a, "%.0f", value) : arena_printf(a, "%.6g", value);
}

static void print_weight(void *context, const char *path, const struct symbol *a, const struct symbol *b) {
  struct arena *arena = context;
  print_row(arena_printf(arena, "  %s", path), shape_text(arena, a), shape_text(arena, b), "");
}

static const char *repeat_text(const struct side *s, int i) { return i < s->repeat_count ? s->repeats[i].text : "-"; }

static int repeat_depth(const struct side *a, const struct side *b, int i) {
  return i < a->repeat_count ? a->repeats[i].depth : b->repeats[i].depth;
}

static void print_repeats(struct arena *arena, const struct side *a, const struct side *b) {
  int count = a->repeat_count > b->repeat_count ? a->repeat_count : b->repeat_count;
  for (int i = 0; i < count; i++) {
    const char *left = repeat_text(a, i), *right = repeat_text(b, i);
    const char *name = arena_printf(arena, "%*srepeat %d", 2 * repeat_depth(a, b, i), "", i + 1);
    print_row(name, left, right, strcmp(left, right) ? "differs" : "");
  }
}

static void print_table(struct arena *arena, const struct side *a, const struct side *b) {
  print_row("", a->name, b->name, "");
  for (int i = 0; i < FIGURES; i++) {
    double x = figures[i].value(a), y = figures[i].value(b);
    const char *ratio = x == y || x == 0 ? "" : arena_printf(arena, "x %.4g", y / x);
    print_row(figures[i].text, number_text(arena, x), number_text(arena, y), ratio);
  }
  print_repeats(arena, a, b);
  different_weights(a, b, print_weight, arena);
}

/* -- JSON -- */

static json_t *shape_json(const struct symbol *s) {
  json_t *shape = s ? json_array() : json_null();
  for (int i = 0; s && i < s->type.rank; i++) json_array_append_new(shape, json_integer(s->type.extent[i]));
  return shape;
}

static void add_weight(void *context, const char *path, const struct symbol *a, const struct symbol *b) {
  json_array_append_new(context, json_pack("{s:s, s:o, s:o}", "path", path, "a", shape_json(a), "b", shape_json(b)));
}

static json_t *side_json(const struct side *s) {
  json_t *object = json_pack("{s:s}", "file", s->name), *repeats = json_array();
  for (int i = 0; i < FIGURES; i++)
    json_object_set_new(object, figures[i].key, json_integer((json_int_t)figures[i].value(s)));
  for (int i = 0; i < s->repeat_count; i++)
    json_array_append_new(repeats, json_pack("{s:i, s:s}", "depth", s->repeats[i].depth, "text", s->repeats[i].text));
  json_object_set_new(object, "repeats", repeats);
  return object;
}

/* {"a": SIDE, "b": SIDE, "weights": [{"path": …, "a": shape or null, "b": …}]} */
static void print_json(const struct side *a, const struct side *b) {
  json_t *weights = json_array();
  different_weights(a, b, add_weight, weights);
  json_t *all = json_pack("{s:o, s:o, s:o}", "a", side_json(a), "b", side_json(b), "weights", weights);
  json_dumpf(all, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
  putchar('\n');
  json_decref(all);
}

/* ---- the command ---- */

struct both {
  const struct options *options;
  struct compilation sides[2];
};

static void compare(void *context) {
  struct both *both = context;
  const struct variant *variants = both->options->variants;
  bool ok = true;
  for (int i = 0; i < 2; i++) {
    bool compiled = variant_compile(&both->sides[i], both->options, &variants[i]);
    if (!compiled) variant_note(&both->sides[i], &variants[i]);
    ok = ok && compiled;
  }
  if (!ok) return;
  const struct side *a = measure(&both->sides[0], variants[0].text), *b = measure(&both->sides[1], variants[1].text);
  if (both->options->json)
    print_json(a, b);
  else
    print_table(both->sides[0].arena, a, b);
}

int command_diff(const struct options *o) {
  struct guard guard = {0};
  struct both both = {.options = o};
  int worst = 0;
  for (int i = 0; i < 2; i++) both.sides[i] = compilation_begin(o->variants[i].options, &guard);
  if (!guard_run(&guard, compare, &both)) diag_report_end(both.sides[1].diags, &guard);
  for (int i = 0; i < 2; i++) {
    int code = compilation_end(&both.sides[i], o->variants[i].path);
    if (code > worst) worst = code;
  }
  return worst;
}

/* Policies: which there are, and the settings of each. */
#include "elab_policy.h"

#include "runtime/nearest.h"

#include <math.h>
#include <string.h>

enum { MOST_FIELDS = 6 };

struct field {
  const char *name;
  double initial;
  bool required;
  bool whole;
};

struct form {
  enum policy_what what;
  const char *kind;
  struct field field[MOST_FIELDS];
  int tensor_count; /* how many of halt, continue it needs */
};

static const struct form forms[] = {
    {POLICY_OPTIMIZER,
     "adam_atan2",
     {{"lr", 0, true, false},
      {"beta1", 0.9, false, false},
      {"beta2", 0.95, false, false},
      {"weight_decay", 0, false, false}},
     0},
    {POLICY_OPTIMIZER,
     "adamw",
     {{"lr", 0, true, false},
      {"beta1", 0.9, false, false},
      {"beta2", 0.95, false, false},
      {"weight_decay", 0, false, false},
      {"eps", 1e-8, false, false}},
     0},
    {POLICY_OPTIMIZER,
     "sgd",
     {{"lr", 0, true, false}, {"momentum", 0, false, false}, {"weight_decay", 0, false, false}},
     0},
    {POLICY_OPTIMIZER, "sign_sgd", {{"lr", 0, true, false}, {"weight_decay", 0, false, false}}, 0},
    {POLICY_SCHEDULE, "constant", {{"warmup", 0, false, true}}, 0},
    {POLICY_SCHEDULE, "cosine", {{"warmup", 0, false, true}, {"floor", 0, false, false}}, 0},
    {POLICY_ACT, "q_learning", {{"max_segments", 0, true, true}, {"exploration", 0, false, false}}, 2},
    {POLICY_ACT, "halt_head", {{"max_segments", 0, true, true}, {"exploration", 0, false, false}}, 1},
    {POLICY_ACT, "fixed", {{"max_segments", 0, true, true}}, 0},
};

enum { FORM_COUNT = sizeof forms / sizeof *forms };

static const char *what_text(enum policy_what what) {
  static const char *const texts[] = {"optimizer", "schedule", "act"};
  return texts[what];
}

static const struct form *find_form(struct elab *e, enum policy_what what, const struct expr *callee) {
  const char *names[FORM_COUNT], *list = "";
  int count = 0;
  for (int i = 0; i < FORM_COUNT; i++) {
    if (forms[i].what != what) continue;
    if (callee->kind == EXPR_NAME && !strcmp(forms[i].kind, callee->name)) return &forms[i];
    list = arena_printf(e->arena, "%s%s%s", list, count ? ", " : "", forms[i].kind);
    names[count++] = forms[i].kind;
  }
  struct diag *d =
      diag_report(e->diags, MSG_UNKNOWN_POLICY, callee->span, what_text(what), code_text(e, callee->span), list);
  const char *nearest = callee->kind == EXPR_NAME ? nearest_word(callee->name, names, count) : NULL;
  diag_suggest(e->diags, d, callee->span, nearest);
  return NULL;
}

/* What a call gives a form's fields. */
struct given {
  double number[MOST_FIELDS];
  bool is_given[MOST_FIELDS];
  struct span place[MOST_FIELDS];
};

static int field_index(const struct form *f, const char *name) {
  for (int i = 0; i < MOST_FIELDS && f->field[i].name; i++)
    if (!strcmp(f->field[i].name, name)) return i;
  return -1;
}

/* Marks a setting as given; a second time is reported. */
static bool first_time(struct elab *e, const struct form *f, const struct argument *a, bool *given) {
  if (*given) diag_report(e->diags, MSG_ARGUMENT_TWICE, a->name_span, a->name, f->kind);
  bool first = !*given;
  *given = true;
  return first;
}

/* betas = (0.9, 0.95) stands for beta1 and beta2. */
static bool read_betas(struct elab *e, struct scope *s, const struct form *f, const struct argument *a,
                       struct given *given) {
  const struct val *v = elab_expr(e, s, a->value);
  if (val_is_error(v)) return false;
  bool fits = v->kind == KIND_LIST && v->list.count == 2 && v->list.items[0]->kind == KIND_NUMBER &&
              v->list.items[1]->kind == KIND_NUMBER;
  if (!fits) {
    diag_report(e->diags, MSG_BETAS, a->value->span, val_describe(e, v));
    return false;
  }
  for (int i = 0; i < 2; i++) {
    int beta = field_index(f, i ? "beta2" : "beta1");
    if (!first_time(e, f, a, &given->is_given[beta])) return false;
    given->number[beta] = v->list.items[i]->number.value;
    given->place[beta] = a->value->kind == EXPR_TUPLE ? a->value->list.items[i]->span : a->value->span;
  }
  return true;
}

static bool report_setting(struct elab *e, const struct form *f, const struct argument *a) {
  const char *names[MOST_FIELDS];
  int count = 0;
  if (!a->name) {
    diag_report(e->diags, MSG_SETTING_NAMED, a->value->span, f->kind, f->field[0].name);
    return false;
  }
  while (count < MOST_FIELDS && f->field[count].name) names[count] = f->field[count].name, count++;
  struct diag *d = diag_report(e->diags, MSG_UNKNOWN_ARGUMENT, a->name_span, f->kind, a->name);
  const char *nearest = nearest_word(a->name, names, count);
  diag_suggest(e->diags, d, a->name_span, nearest);
  return false;
}

static bool read_argument(struct elab *e, struct scope *s, const struct form *f, const struct argument *a,
                          struct given *given, const struct expr *tensors[2]) {
  int tensor = !a->name ? -1 : !strcmp(a->name, "halt") ? 0 : !strcmp(a->name, "continue") ? 1 : -1;
  if (tensor >= 0 && tensor < f->tensor_count) {
    bool is_given = tensors[tensor] != NULL;
    tensors[tensor] = a->value;
    return first_time(e, f, a, &is_given);
  }
  if (a->name && !strcmp(a->name, "betas") && field_index(f, "beta1") >= 0) return read_betas(e, s, f, a, given);
  int i = a->name ? field_index(f, a->name) : -1;
  if (i < 0) return report_setting(e, f, a);
  if (!first_time(e, f, a, &given->is_given[i])) return false;
  given->place[i] = a->value->span;
  return elab_number(e, s, a->value, arena_printf(e->arena, "'%s'", a->name), &given->number[i]);
}

static bool complete(struct elab *e, const struct form *f, const struct given *given,
                     const struct expr *const tensors[2], struct span place) {
  for (int i = 0; i < MOST_FIELDS && f->field[i].name; i++)
    if (f->field[i].required && !given->is_given[i]) {
      diag_report(e->diags, MSG_MISSING_ARGUMENT, place, f->kind, f->field[i].name);
      return false;
    }
  for (int i = 0; i < f->tensor_count; i++)
    if (!tensors[i]) {
      diag_report(e->diags, MSG_MISSING_ARGUMENT, place, f->kind, i ? "continue" : "halt");
      return false;
    }
  return true;
}

struct range {
  const char *name;
  double least, most;
  bool below; /* `most` itself is not allowed */
};

/* Every field of every form has one. */
static const struct range *find_range(const char *name) {
  static const struct range ranges[] = {
      {"max_segments", 1, 1e6, false}, {"exploration", 0, 1, false},
      {"lr", 0, 1e3, false},           {"beta1", 0, 1, true},
      {"beta2", 0, 1, true},           {"momentum", 0, 1, true},
      {"warmup", 0, 1e9, false},       {"weight_decay", 0, 1e3, false},
      {"floor", 0, 1, false},          {"eps", 0, 1, false},
  };
  size_t i = 0;
  while (strcmp(ranges[i].name, name)) i++;
  return &ranges[i];
}

static bool is_valid(struct elab *e, const struct field *field, double value, struct span place) {
  const struct range *range = find_range(field->name);
  const char *text = number_text(e, value);
  bool whole = !field->whole || floor(value) == value;
  bool within = value >= range->least && (range->below ? value < range->most : value <= range->most);
  if (!whole)
    diag_report(e->diags, MSG_NOT_WHOLE, place, arena_printf(e->arena, "'%s'", field->name),
                arena_printf(e->arena, "the number %s", text));
  else if (!within && range->below)
    diag_report(e->diags, MSG_SETTING_BELOW, place, field->name, text);
  else if (!within)
    diag_report(e->diags, MSG_SETTING_RANGE, place, field->name, text, number_text(e, range->least),
                number_text(e, range->most));
  return whole && within;
}

static bool in_range(struct elab *e, const struct form *f, const struct given *given) {
  bool ok = true;
  for (int i = 0; i < MOST_FIELDS && f->field[i].name; i++)
    ok &= is_valid(e, &f->field[i], given->number[i], given->place[i]);
  return ok;
}

static void fill_policy(struct elab *e, const struct form *f, const double *number, struct policy *out) {
  struct setting *settings = arena_new_array(e->arena, struct setting, MOST_FIELDS);
  int count = 0;
  for (; count < MOST_FIELDS && f->field[count].name; count++)
    settings[count] =
        (struct setting){f->field[count].name, SETTING_NUMBER, number[count], f->field[count].whole, NULL};
  *out = (struct policy){f->kind, settings, count};
}

bool elab_policy(struct elab *e, struct scope *s, enum policy_what what, const struct expr *x, struct policy *out,
                 const struct expr *tensors[2]) {
  struct given given = {.number = {0}};
  bool ok;
  tensors[0] = tensors[1] = NULL;
  while (x->kind == EXPR_CONDITIONAL) {
    bool holds = elab_condition(e, s, x->conditional.condition, "'if'", &ok);
    if (!ok) return false;
    x = holds ? x->conditional.then : x->conditional.otherwise;
  }
  const struct form *f = find_form(e, what, x->kind == EXPR_CALL ? x->call.callee : x);
  if (!f) return false;
  for (int i = 0; i < MOST_FIELDS; i++) given.number[i] = f->field[i].initial;
  for (int k = 0; x->kind == EXPR_CALL && k < x->call.count; k++)
    if (!read_argument(e, s, f, &x->call.arguments[k], &given, tensors)) return false;
  if (!complete(e, f, &given, tensors, x->span) || !in_range(e, f, &given)) return false;
  fill_policy(e, f, given.number, out);
  return true;
}

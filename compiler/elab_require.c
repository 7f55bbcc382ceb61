/* Requirements: what a function or module demands of what it is given.  One that does not hold is told where it was
 * broken: at the arguments of the call, with notes at the requirement and at each -D that a value came from. */
#include "elab.h"

#include "runtime/nearest.h"

#include <string.h>

/* Where the call gives what a name stands for; no source: it does not. */
static struct span given_place(const struct scope *s, const struct expr *x) {
  const struct entry *entry = x && x->kind == EXPR_NAME ? scope_find(s, x->name) : NULL;
  return entry ? entry->given : (struct span){0};
}

static const char *value_text(struct elab *e, const struct val *v) {
  bool is_constant = v->kind == KIND_NUMBER || v->kind == KIND_STRING;
  return is_constant ? constant_text(e, v) : val_describe(e, v);
}

/* -- where values came from -- */

/* Whether a name is a word of a text such as "prefix + seq_len". */
static bool has_word(const char *text, const char *name) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  while (*(text += strcspn(text, letters))) {
    size_t length = strspn(text, letters);
    if (length == strlen(name) && !strncmp(text, name, length)) return true;
    text += length;
  }
  return false;
}

static bool comes_from(const struct val *v, const struct binding *b, const struct val *config) {
  if (!config) return false;
  return v == config || (v->kind == KIND_NUMBER && v->number.name && has_word(v->number.name, b->name));
}

/* Notes at every -D, and for every value of a data set, that a value came from. */
static void note_bindings(struct elab *e, struct diag *d, const struct val *v) {
  for (int i = 0; i < e->request->binding_count; i++) {
    const struct binding *b = &e->request->bindings[i];
    if (!comes_from(v, b, e->binding_values[i])) continue;
    const char *text = value_text(e, e->binding_values[i]);
    diag_note(e->diags, d, b->place, b->from_data ? "'%s' is %s by the data set" : "'%s' is %s here", b->name, text);
  }
}

/* -- require name in [a, b] -- */

/* Puts another text in place of a string where that is written: in the call, or behind -D. */
static void suggest_choice(struct elab *e, struct diag *d, const struct val *v, struct span given,
                           const char *nearest) {
  size_t length = strlen(v->string);
  bool is_literal = given.source && given.end - given.begin == length + 2 && given.source->text[given.begin] == '"';
  if (is_literal) diag_suggest(e->diags, d, (struct span){given.source, given.begin + 1, given.end - 1}, nearest);
  for (int i = 0; i < e->request->binding_count; i++) {
    struct span place = e->request->bindings[i].place;
    if (place.source && comes_from(v, &e->request->bindings[i], e->binding_values[i]))
      diag_suggest(e->diags, d, (struct span){place.source, place.end - (uint32_t)length, place.end}, nearest);
  }
}

static void note_requirement(struct elab *e, struct diag *d, struct span reported, struct span place) {
  bool is_shown = reported.source == place.source && reported.begin >= place.begin && reported.end <= place.end;
  if (!is_shown) diag_note(e->diags, d, place, "required here");
}

static void report_choice(struct elab *e, struct scope *s, const struct requirement *r, struct span place,
                          const struct val *v, const struct val *const *choices) {
  const char **words = arena_new_array(e->arena, const char *, (size_t)r->choice_count);
  const char *list = "";
  int count = 0;
  for (int i = 0; i < r->choice_count; i++) {
    list = arena_printf(e->arena, "%s%s%s", list, i ? ", " : "", value_text(e, choices[i]));
    if (choices[i]->kind == KIND_STRING) words[count++] = choices[i]->string;
  }
  struct span given = given_place(s, r->value);
  struct span at = given.source ? given : e->call.source ? e->call : r->value->span;
  struct diag *d =
      diag_report(e->diags, MSG_REQUIRED_CHOICE, at, code_text(e, r->value->span), value_text(e, v), list);
  const char *nearest = v->kind == KIND_STRING ? nearest_word(v->string, words, count) : NULL;
  if (nearest) suggest_choice(e, d, v, given, nearest);
  note_bindings(e, d, v);
  note_requirement(e, d, at, place);
}

static bool is_chosen(struct elab *e, struct scope *s, const struct requirement *r, struct span place) {
  const struct val **choices = arena_new_array(e->arena, const struct val *, (size_t)r->choice_count);
  const struct val *v = elab_expr(e, s, r->value);
  if (val_is_error(v)) return false;
  for (int i = 0; i < r->choice_count; i++) {
    choices[i] = elab_expr(e, s, r->choices[i]);
    if (val_is_error(choices[i])) return false;
    if (same_constant(choices[i], v)) return true;
  }
  report_choice(e, s, r, place, v, choices);
  return false;
}

/* -- require condition, "message" -- */

static const char *message_text(struct elab *e, struct scope *s, const struct requirement *r) {
  const char *text = "";
  for (int i = 0; i < r->part_count; i++) {
    const struct message_part *part = &r->parts[i];
    const char *value = part->name ? value_text(e, elab_expr(e, s, part->name)) : "";
    text = arena_printf(e->arena, "%s%s%s", text, part->text, value);
  }
  return text;
}

/* The argument that the message speaks of first; else the call; else the requirement itself. */
static struct span blamed_place(const struct elab *e, const struct scope *s, const struct requirement *r) {
  for (int i = 0; i < r->part_count; i++) {
    struct span given = given_place(s, r->parts[i].name);
    if (given.source) return given;
  }
  return e->call.source ? e->call : r->value->span;
}

static void report_condition(struct elab *e, struct scope *s, const struct requirement *r, struct span place) {
  struct span at = blamed_place(e, s, r);
  struct diag *d = diag_report(e->diags, MSG_REQUIREMENT, at, message_text(e, s, r));
  for (int i = 0; i < r->part_count; i++) {
    const struct expr *name = r->parts[i].name;
    struct span given = given_place(s, name);
    if (!name) continue;
    const struct val *v = elab_expr(e, s, name);
    if (given.source) diag_range(e->diags, d, given, "%s = %s", name->name, value_text(e, v));
    note_bindings(e, d, v);
  }
  note_requirement(e, d, at, place);
}

bool elab_requirement(struct elab *e, struct scope *s, const struct requirement *r, struct span place) {
  bool ok;
  if (r->choice_count) return is_chosen(e, s, r, place);
  bool holds = elab_condition(e, s, r->value, "'require'", &ok);
  if (ok && !holds) report_condition(e, s, r, place);
  return ok && holds;
}

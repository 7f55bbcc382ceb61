/* The train block: optimiser groups, schedule, batch and the like; and which weights each optimiser takes. */
#include "elab_policy.h"

#include "runtime/nearest.h"

#include <string.h>

/* "layers.0" of layers[0]; NULL where the index is no number. */
static const char *path_text(struct elab *e, const struct expr *x);
static const char *item_path(struct elab *e, const struct expr *x) {
  const struct expr *index = x->index.count == 1 ? x->index.subscripts[0].value : NULL;
  const char *base = index && index->kind == EXPR_NUMBER ? path_text(e, x->index.base) : NULL;
  return base ? arena_printf(e->arena, "%s.%.0f", base, index->number.value) : NULL;
}

/* "a.b.c" of a written path; NULL where it is none. */
static const char *path_text(struct elab *e, const struct expr *x) {
  if (x->kind == EXPR_NAME) return x->name;
  if (x->kind == EXPR_INDEX) return item_path(e, x);
  if (x->kind != EXPR_FIELD) return NULL;
  const char *base = path_text(e, x->field.base);
  return base ? arena_printf(e->arena, "%s.%s", base, x->field.name.text) : NULL;
}

static bool path_covers(const char *prefix, const char *path) {
  size_t n = strlen(prefix);
  return !strncmp(prefix, path, n) && (path[n] == '\0' || path[n] == '.');
}

/* Whether the model has a member of that name under any condition: then a target without parameters is no mistake. */
static bool declares(const struct members *members, const char *name) {
  for (int i = 0; i < members->count; i++) {
    const struct member *m = members->items[i];
    if (m->kind == MEMBER_IF && (declares(&m->branch.then, name) || declares(&m->branch.otherwise, name)))
      return true;
    if ((m->kind == MEMBER_FIELD || m->kind == MEMBER_PARAM) && !strcmp(m->name.text, name)) return true;
  }
  return false;
}

static bool is_conditional_member(struct elab *e, const struct scope *model, const struct expr *target) {
  while (target->kind == EXPR_FIELD || target->kind == EXPR_INDEX)
    target = target->kind == EXPR_FIELD ? target->field.base : target->index.base;
  for (int i = 0; i < e->request->file->count; i++) {
    const struct decl *d = e->request->file->decls[i];
    if (d->kind == DECL_MODEL && target->kind == EXPR_NAME && declares(&d->module.members, target->name)) return true;
  }
  return target->kind == EXPR_NAME && scope_find_here(model, target->name); /* included */
}

static void assign_target(struct elab *e, const struct scope *model, const struct expr *target, int group,
                          bool sparse) {
  const char *path = path_text(e, target);
  bool found = false;
  for (int i = 0; path && i < e->program->weight_count; i++) {
    struct weight *w = e->program->weights[i];
    if (w->symbol->role != ROLE_PARAM || !path_covers(path, w->symbol->name)) continue;
    w->group = group;
    w->sparse = sparse;
    found = true;
  }
  if (!found && !e->lacks_members && !is_conditional_member(e, model, target))
    diag_report(e->diags, MSG_TARGET_NOTHING, target->span, code_text(e, target->span));
}

static void optimizer_item(struct elab *e, struct scope *s, const struct train_item *item) {
  struct policy policy;
  const struct expr *tensors[2];
  if (!elab_policy(e, s, POLICY_OPTIMIZER, item->value, &policy, tensors)) return;
  int group = e->program->group_count;
  arena_push(e->arena, e->program->groups, e->program->group_count, e->group_capacity, policy);
  for (int i = 0; i < item->target_count; i++)
    assign_target(e, s, item->targets[i], group, !strcmp(policy.kind, "sign_sgd"));
  for (int i = 0; item->target_count == 0 && i < e->program->weight_count; i++)
    if (e->program->weights[i]->symbol->role == ROLE_PARAM) e->program->weights[i]->group = group;
}

static bool number_item(struct elab *e, struct scope *s, const struct train_item *item, double *out) {
  return elab_number(e, s, item->value, arena_printf(e->arena, "'%s'", item->keyword.text), out);
}

static void report_range(struct elab *e, const struct train_item *item, double value, double least, double most) {
  diag_report(e->diags, MSG_SETTING_RANGE, item->value->span, item->keyword.text, number_text(e, value),
              number_text(e, least), number_text(e, most));
}

static void schedule_item(struct elab *e, struct scope *s, const struct train_item *item) {
  const struct expr *tensors[2];
  elab_policy(e, s, POLICY_SCHEDULE, item->value, &e->program->schedule, tensors);
}

static void batch_item(struct elab *e, struct scope *s, const struct train_item *item) {
  enum { LARGEST_BATCH = 1 << 20 };
  int64_t *batch = &e->program->batch;
  if (!elab_whole(e, s, item->value, "'batch'", batch, NULL)) return;
  if (*batch < 1 || *batch > LARGEST_BATCH) report_range(e, item, (double)*batch, 1, LARGEST_BATCH);
}

static void ema_item(struct elab *e, struct scope *s, const struct train_item *item) {
  double *ema = &e->program->ema;
  if (!number_item(e, s, item, ema) || (*ema >= 0 && *ema < 1)) return;
  diag_report(e->diags, MSG_SETTING_BELOW, item->value->span, item->keyword.text, number_text(e, *ema));
}

static void clip_item(struct elab *e, struct scope *s, const struct train_item *item) {
  const double largest = 1e9;
  double *clip = &e->program->clip;
  if (number_item(e, s, item, clip) && !(*clip >= 0 && *clip <= largest)) report_range(e, item, *clip, 0, largest);
}

static const struct {
  const char *keyword;
  void (*read)(struct elab *e, struct scope *s, const struct train_item *item);
} items[] = {{"optimizer", optimizer_item},
             {"schedule", schedule_item},
             {"batch", batch_item},
             {"ema", ema_item},
             {"clip", clip_item}};

enum { ITEM_COUNT = sizeof items / sizeof *items };

static void train_item(struct elab *e, struct scope *s, const struct train_item *item) {
  const char *keywords[ITEM_COUNT];
  for (int i = 0; i < ITEM_COUNT; i++) {
    keywords[i] = items[i].keyword;
    if (!strcmp(item->keyword.text, keywords[i])) {
      items[i].read(e, s, item);
      return;
    }
  }
  struct diag *d = diag_report(e->diags, MSG_UNKNOWN_TRAIN_ITEM, item->keyword.span, item->keyword.text);
  const char *nearest = nearest_word(item->keyword.text, keywords, ITEM_COUNT);
  diag_suggest(e->diags, d, item->keyword.span, nearest);
}

/* Whether an item says what an earlier one has said; only optimizers "for" some parameters may stand side by side. */
static bool is_second(struct elab *e, const struct decl *train, int i) {
  const struct train_item *item = &train->train.items[i];
  for (int k = 0; k < i && item->target_count == 0; k++) {
    const struct train_item *first = &train->train.items[k];
    if (first->target_count > 0 || strcmp(first->keyword.text, item->keyword.text)) continue;
    struct diag *d = diag_report(e->diags, MSG_TRAIN_TWICE, item->keyword.span, item->keyword.text);
    diag_note(e->diags, d, first->keyword.span, "'%s' is first given here", item->keyword.text);
    return true;
  }
  return false;
}

/* Without a train block: AdamW, a constant rate, batches of 64. */
static void defaults(struct elab *e) {
  struct program *p = e->program;
  static const struct setting adamw[] = {{"lr", SETTING_NUMBER, 1e-3, false, NULL},
                                         {"beta1", SETTING_NUMBER, 0.9, false, NULL},
                                         {"beta2", SETTING_NUMBER, 0.95, false, NULL},
                                         {"weight_decay", SETTING_NUMBER, 0, false, NULL},
                                         {"eps", SETTING_NUMBER, 1e-8, false, NULL}};
  static const struct setting constant[] = {{"warmup", SETTING_NUMBER, 0, false, NULL}};
  struct policy policy = {"adamw", adamw, 5};
  if (!p->schedule.kind) p->schedule = (struct policy){"constant", constant, 1};
  if (p->batch == 0) p->batch = 64;
  int group = p->group_count;
  bool needed = false;
  for (int i = 0; i < p->weight_count; i++)
    if (p->weights[i]->symbol->role == ROLE_PARAM && p->weights[i]->group < 0) {
      p->weights[i]->group = group;
      needed = true;
    }
  if (needed) arena_push(e->arena, p->groups, p->group_count, e->group_capacity, policy);
}

/* Plain optimisers first, so that those "for" a path win. */
void elab_train(struct elab *e, struct scope *s, const struct decl *train) {
  for (int targeted = 0; train && targeted < 2; targeted++)
    for (int i = 0; i < train->train.count; i++) {
      const struct train_item *item = &train->train.items[i];
      if ((item->target_count > 0) == (targeted == 1) && !is_second(e, train, i)) train_item(e, s, item);
    }
  defaults(e);
}

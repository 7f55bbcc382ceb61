#include "runtime/description.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/hrm.h"

static const char *const init_names[] = {[DISTRIBUTION_CONSTANT] = "constant",
                                         [DISTRIBUTION_TRUNC_NORMAL] = "trunc_normal",
                                         [DISTRIBUTION_NORMAL] = "normal",
                                         [DISTRIBUTION_UNIFORM] = "uniform"};
static const char *const role_names[] = {
    [SLOT_INPUT] = "input",   [SLOT_LABEL] = "label",         [SLOT_STATE] = "state",
    [SLOT_ROWS] = "rows",     [SLOT_ROWS_GRAD] = "rows_grad", [SLOT_CONTROL] = "control",
    [SLOT_OUTPUT] = "output", [SLOT_NOISE] = "noise",         [SLOT_TRACE] = "trace"};
static const char *const optimizer_names[] = {[OPTIMIZER_ADAM_ATAN2] = "adam_atan2",
                                              [OPTIMIZER_ADAMW] = "adamw",
                                              [OPTIMIZER_SGD] = "sgd",
                                              [OPTIMIZER_SIGN_SGD] = "sign_sgd"};
static const char *const act_names[] = {
    [ACT_Q_LEARNING] = "q_learning", [ACT_HALT_HEAD] = "halt_head", [ACT_FIXED] = "fixed"};
static const char *const schedule_names[] = {[SCHEDULE_CONSTANT] = "constant", [SCHEDULE_COSINE] = "cosine"};

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

const char *optimizer_kind_name(enum optimizer_kind kind) { return optimizer_names[kind]; }
const char *act_kind_name(enum act_kind kind) { return act_names[kind]; }
const char *schedule_kind_name(enum schedule_kind kind) { return schedule_names[kind]; }

static bool broken(struct hrm_error *error, const char *what, const char *why) {
  return hrm_fail(error, HRM_BUG, "the description of the compiled model is wrong: %s: %s; please report this", what,
                  why);
}

static bool named(const char *const names[], int count, const char *name, int *out, struct hrm_error *error) {
  for (int i = 0; i < count; i++) {
    if (strcmp(names[i], name) == 0) return *out = i, true;
  }
  return broken(error, name, "not a known word");
}

static bool parse_shape(struct shape *shape, const json_t *json, const char *name, struct hrm_error *error) {
  return shape_from_json(shape, json) || broken(error, name, "shape");
}

/* "offset" counts bytes in the description and floats in memory. */
static bool place_weight(const struct description *d, struct weight_info *w, json_int_t offset,
                         struct hrm_error *error) {
  if (w->sparse) return w->offset = -1, w->shape.rank == 2 || broken(error, w->path, "a sparse table has two axes");
  w->offset = offset / (int64_t)sizeof(float);
  bool inside = offset >= 0 && offset % 64 == 0 && w->offset <= d->weight_count_floats - w->shape.count;
  return inside || broken(error, w->path, "offset");
}

static bool pack_weight(const struct description *d, struct weight_info *w, json_int_t block, json_int_t bytes,
                        struct hrm_error *error) {
  w->block = block / (int64_t)sizeof(float);
  w->packed_bytes = bytes;
  bool sound = block >= 0 && block % 64 == 0 && bytes >= 0 && bytes <= d->shared_bytes && !(w->sparse && block > 0);
  return sound || broken(error, w->path, "packed");
}

static bool parse_weight(const struct description *d, struct weight_info *w, json_t *json, struct hrm_error *error) {
  json_error_t e;
  json_t *shape;
  const char *init;
  int trained, sparse = 0, kind = 0;
  json_int_t offset = -1, block = 0, packed = 0;
  w->group = -1;
  if (json_unpack_ex(json, &e, 0, "{s:s, s:o, s:b, s?:i, s?:b, s?:I, s?:{s:I, s:I}, s:{s:s, s:F}}", "path", &w->path,
                     "shape", &shape, "trained", &trained, "group", &w->group, "sparse", &sparse, "offset", &offset,
                     "packed", "block", &block, "bytes", &packed, "init", "kind", &init, "scale",
                     &w->init_scale) != 0) {
    return broken(error, "weights", e.text);
  }
  w->trained = trained, w->sparse = sparse;
  if (!w->trained) w->group = -1;
  if (w->trained && (w->group < 0 || w->group >= d->group_count)) return broken(error, w->path, "optimiser group");
  if (!named(init_names, COUNT_OF(init_names), init, &kind, error)) return false;
  w->init = (enum distribution)kind;
  return parse_shape(&w->shape, shape, w->path, error) && place_weight(d, w, offset, error) &&
         pack_weight(d, w, block, packed, error);
}

static bool parse_weights(struct description *d, const json_t *list, struct hrm_error *error) {
  size_t count = json_array_size(list);
  d->weights = calloc(count + 1, sizeof *d->weights);
  if (!d->weights) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (size_t i = 0; i < count; i++) {
    struct weight_info *w = &d->weights[i];
    if (!parse_weight(d, w, json_array_get(list, i), error)) return false;
    bool signs = w->group >= 0 && d->groups[w->group].kind == OPTIMIZER_SIGN_SGD;
    if (w->sparse && w->trained && !signs) {
      return hrm_fail(error, HRM_LIMITATION, "'%s': a sparse table can be trained by sign_sgd alone", w->path);
    }
    d->weight_count = (int)i + 1;
  }
  return true;
}

static bool parse_dtype(struct tensor_info *t, const char *text) {
  static const struct {
    const char *text;
    enum stored_dtype dtype;
  } names[] = {{"i32", STORED_I32}, {"f32", STORED_F32}, {"bf16", STORED_BF16}};
  for (int i = 0; i < COUNT_OF(names); i++) {
    t->dtype = names[i].dtype;
    if (strcmp(names[i].text, text) == 0) return t->dtype != STORED_BF16 || t->role == SLOT_STATE;
  }
  return false;
}

/* Names of other tensors are resolved when all are known: see resolve_tensor. */
static bool parse_tensor(struct tensor_info *t, json_t *json, struct hrm_error *error) {
  json_error_t e;
  json_t *shape;
  const char *role, *dtype;
  json_int_t bound = 0;
  int kind = 0;
  if (json_unpack_ex(json, &e, 0, "{s:s, s:s, s:s, s:o, s?:I}", "name", &t->name, "role", &role, "dtype", &dtype,
                     "shape", &shape, "bound", &bound) != 0) {
    return broken(error, "tensors", e.text);
  }
  if (!named(role_names, COUNT_OF(role_names), role, &kind, error)) return false;
  t->role = (enum slot_role)kind;
  if (!parse_dtype(t, dtype)) return broken(error, t->name, "dtype");
  t->bound = bound;
  if (bound < 0) return broken(error, t->name, "bound");
  if (!parse_shape(&t->shape, shape, t->name, error)) return false;
  return t->shape.rank < SHAPE_MAX_RANK || broken(error, t->name, "too many axes");
}

static int tensor_of_role(const struct description *d, const char *name, enum slot_role role) {
  int i = name ? description_find_tensor(d, name) : -1;
  return i >= 0 && d->tensors[i].role == role ? i : -1;
}

static bool resolve_rows(const struct description *d, struct tensor_info *t, const json_t *json,
                         struct hrm_error *error) {
  const char *table = json_string_value(json_object_get(json, "table"));
  t->table = table ? description_find_weight(d, table) : -1;
  t->index = tensor_of_role(d, json_string_value(json_object_get(json, "index")), SLOT_INPUT);
  if (t->table < 0 || !d->weights[t->table].sparse) return broken(error, t->name, "table");
  if (d->weights[t->table].shape.size[1] != t->shape.count) return broken(error, t->name, "width of a row");
  if (t->index < 0 || d->tensors[t->index].dtype != STORED_I32 || d->tensors[t->index].shape.count != 1) {
    return broken(error, t->name, "index");
  }
  int64_t bound = d->tensors[t->index].bound;
  bool inside = bound >= 1 && bound <= d->weights[t->table].shape.size[0];
  return inside || broken(error, t->name, "bound of its index");
}

static bool resolve_tensor(const struct description *d, struct tensor_info *t, const json_t *json,
                           struct hrm_error *error) {
  t->table = t->index = t->of = -1;
  if (t->role == SLOT_ROWS) return resolve_rows(d, t, json, error);
  if (t->role != SLOT_ROWS_GRAD) return true;
  t->of = tensor_of_role(d, json_string_value(json_object_get(json, "of")), SLOT_ROWS);
  if (t->of < 0 || d->tensors[t->of].shape.count != t->shape.count) return broken(error, t->name, "of");
  return true;
}

static bool standard_fits(const struct description *d, int number, enum standard_tensor which) {
  if (number < 0) return true;
  const struct tensor_info *t = &d->tensors[number];
  switch (which) {
  case TENSOR_INPUTS: return t->dtype == STORED_I32 && t->shape.rank == 1;
  case TENSOR_LABELS:
    return t->dtype == STORED_I32 && shape_equal(&t->shape, &d->tensors[d->standard[TENSOR_INPUTS]].shape);
  case TENSOR_PREDICTION:
    return t->dtype == STORED_I32 && shape_equal(&t->shape, &d->tensors[d->standard[TENSOR_LABELS]].shape);
  case TENSOR_PUZZLE_IDENTIFIERS: return t->dtype == STORED_I32 && t->shape.count == 1;
  default: return t->dtype == STORED_F32 && t->shape.count == 1;
  }
}

static bool find_standard(struct description *d, struct hrm_error *error) {
  static const struct {
    const char *name;
    enum slot_role role;
    bool required;
  } wanted[] = {
#define STANDARD_ROW(identifier, name, role, required) {name, role, required},
      STANDARD_TENSORS(STANDARD_ROW)
#undef STANDARD_ROW
  };
  for (int i = 0; i < TENSOR_STANDARD_COUNT; i++) {
    d->standard[i] = tensor_of_role(d, wanted[i].name, wanted[i].role);
    if (d->standard[i] < 0 && wanted[i].required) {
      return hrm_fail(error, HRM_LIMITATION, "the model has no %s '%s'; training and evaluation need one",
                      role_names[wanted[i].role], wanted[i].name);
    }
    if (!standard_fits(d, d->standard[i], (enum standard_tensor)i))
      return broken(error, wanted[i].name, "shape or dtype");
  }
  return true;
}

/* Losses read logits at labels, so their number is a bound too. */
static void bound_labels(struct description *d) {
  struct tensor_info *labels = &d->tensors[d->standard[TENSOR_LABELS]];
  int number = tensor_of_role(d, "logits", SLOT_OUTPUT);
  const struct shape *logits = number < 0 ? NULL : &d->tensors[number].shape;
  if (!logits || logits->rank == 0) return;
  int64_t width = logits->size[logits->rank - 1];
  if (labels->bound == 0 || labels->bound > width) labels->bound = width;
}

/* What the data set cannot give cannot be asked for. */
static bool inputs_are_known(const struct description *d, struct hrm_error *error) {
  for (int i = 0; i < d->tensor_count; i++) {
    const struct tensor_info *t = &d->tensors[i];
    bool known = i == d->standard[TENSOR_INPUTS] || i == d->standard[TENSOR_PUZZLE_IDENTIFIERS];
    if (t->role == SLOT_INPUT && !known) {
      return hrm_fail(error, HRM_LIMITATION, "input '%s': a data set has 'inputs' and 'puzzle_identifiers' alone",
                      t->name);
    }
    if (t->role == SLOT_LABEL && i != d->standard[TENSOR_LABELS]) {
      return hrm_fail(error, HRM_LIMITATION, "label '%s': a data set has 'labels' alone", t->name);
    }
  }
  return true;
}

static bool parse_tensors(struct description *d, const json_t *list, struct hrm_error *error) {
  size_t count = json_array_size(list);
  d->tensors = calloc(count + 1, sizeof *d->tensors);
  if (!d->tensors) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (size_t i = 0; i < count; i++) {
    if (!parse_tensor(&d->tensors[i], json_array_get(list, i), error)) return false;
    d->tensor_count = (int)i + 1;
  }
  for (size_t i = 0; i < count; i++) {
    if (!resolve_tensor(d, &d->tensors[i], json_array_get(list, i), error)) return false;
  }
  if (!find_standard(d, error)) return false;
  bound_labels(d);
  return inputs_are_known(d, error);
}

static bool parse_group(struct optimizer_group *g, json_t *json, struct hrm_error *error) {
  json_error_t e;
  const char *name;
  int kind = 0;
  *g = (struct optimizer_group){.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8};
  if (json_unpack_ex(json, &e, 0, "{s:s, s:F, s?:F, s?:F, s?:F, s?:F, s?:F}", "optimizer", &name, "lr", &g->lr,
                     "beta1", &g->beta1, "beta2", &g->beta2, "weight_decay", &g->weight_decay, "eps", &g->eps,
                     "momentum", &g->momentum) != 0) {
    return broken(error, "groups", e.text);
  }
  if (!named(optimizer_names, COUNT_OF(optimizer_names), name, &kind, error)) return false;
  g->kind = (enum optimizer_kind)kind;
  return true;
}

static bool parse_groups(struct description *d, const json_t *list, struct hrm_error *error) {
  size_t count = json_array_size(list);
  d->groups = calloc(count + 1, sizeof *d->groups);
  if (!d->groups) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (size_t i = 0; i < count; i++) {
    if (!parse_group(&d->groups[i], json_array_get(list, i), error)) return false;
  }
  d->group_count = (int)count;
  return true;
}

static bool parse_act(struct description *d, json_t *json, struct hrm_error *error) {
  json_error_t e;
  const char *name;
  double max_segments;
  int kind = 0;
  if (json_unpack_ex(json, &e, 0, "{s:s, s:F, s?:F}", "kind", &name, "max_segments", &max_segments, "exploration",
                     &d->act.exploration) != 0) {
    return broken(error, "act", e.text);
  }
  if (!named(act_names, COUNT_OF(act_names), name, &kind, error)) return false;
  d->act.kind = (enum act_kind)kind;
  if (!(max_segments >= 1 && max_segments < INT32_MAX)) return broken(error, "act", "max_segments is out of range");
  d->act.max_segments = (int64_t)max_segments;
  bool needs_continue = d->act.kind == ACT_Q_LEARNING;
  if (needs_continue && d->standard[TENSOR_CONTINUE] < 0) return broken(error, "act", "no output 'continue'");
  return true;
}

static bool parse_train(struct description *d, json_t *json, struct hrm_error *error) {
  json_error_t e;
  const char *name = "constant";
  json_int_t batch = 0, epochs = 0, steps = 0;
  double warmup = 0;
  int kind = 0;
  d->schedule.floor = 1;
  if (json_unpack_ex(json, &e, 0, "{s?:I, s?:I, s?:I, s?:{s:s, s?:F, s?:F}, s?:F, s?:F}", "batch", &batch, "epochs",
                     &epochs, "steps", &steps, "schedule", "kind", &name, "warmup", &warmup, "floor",
                     &d->schedule.floor, "ema", &d->ema, "clip", &d->clip) != 0) {
    return broken(error, "train", e.text);
  }
  if (!named(schedule_names, COUNT_OF(schedule_names), name, &kind, error)) return false;
  d->schedule.kind = (enum schedule_kind)kind;
  if (!(warmup >= 0 && warmup < 0x1p52)) return broken(error, "train", "warmup is out of range");
  if (batch < 0 || epochs < 0 || steps < 0 || batch >= INT32_MAX)
    return broken(error, "train", "a number is out of range");
  d->schedule.warmup = (int64_t)warmup;
  d->batch = batch, d->epochs = epochs, d->steps = steps;
  return true;
}

static bool parse_sizes(struct description *d, struct hrm_error *error) {
  json_error_t e;
  json_int_t weight_bytes, shared_bytes, local_bytes, prepare, forward, train, trace = 0, tile;
  int format;
  if (json_unpack_ex(
          d->json, &e, 0, "{s:i, s:s, s:s, s:s, s:{s:s, s:s}, s?:s, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s?:I}}",
          "format", &format, "model", &d->model, "hrmc", &d->compiler, "source", &d->source, "target", "cpu",
          &d->target_cpu, "features", &d->target_features, "precision", &d->precision, "tile", &tile, "weight_bytes",
          &weight_bytes, "shared_bytes", &shared_bytes, "local_bytes", &local_bytes, "arena_bytes", "prepare",
          &prepare, "forward", &forward, "train", &train, "trace", &trace) != 0) {
    return broken(error, "sizes", e.text);
  }
  if (format != HRM_FORMAT) return broken(error, "format", "made by another version of the compiler");
  if (tile < 1 || weight_bytes < 0 || shared_bytes < 0 || local_bytes < 0 || prepare < 0 || forward < 0 ||
      train < 0 || trace < 0) {
    return broken(error, "sizes", "negative");
  }
  d->tile = tile;
  d->weight_count_floats = weight_bytes / (int64_t)sizeof(float);
  d->shared_bytes = shared_bytes;
  d->local_bytes = local_bytes;
  d->arena_bytes = train > forward ? train : forward;
  if (prepare > d->arena_bytes) d->arena_bytes = prepare;
  if (trace > d->arena_bytes) d->arena_bytes = trace;
  return true;
}

static bool parse_parts(struct description *d, struct hrm_error *error) {
  if (!parse_sizes(d, error)) return false;
  d->configs = json_object_get(d->json, "configs");
  d->kernels = json_object_get(d->json, "kernels");
  const json_t *flops = json_object_get(d->json, "flops");
  d->forward_flops = json_number_value(json_object_get(flops, "forward"));
  d->train_flops = json_number_value(json_object_get(flops, "train"));
  return parse_groups(d, json_object_get(d->json, "groups"), error) &&
         parse_weights(d, json_object_get(d->json, "weights"), error) &&
         parse_tensors(d, json_object_get(d->json, "tensors"), error) &&
         parse_act(d, json_object_get(d->json, "act"), error) &&
         parse_train(d, json_object_get(d->json, "train"), error);
}

bool description_parse(struct description *d, const char *text, struct hrm_error *error) {
  json_error_t e;
  *d = (struct description){.json = json_loads(text, JSON_REJECT_DUPLICATES, &e)};
  if (!d->json) return broken(error, "text", e.text);
  if (parse_parts(d, error)) return true;
  description_free(d);
  return false;
}

void description_free(struct description *d) {
  free(d->weights);
  free(d->tensors);
  free(d->groups);
  json_decref(d->json);
  *d = (struct description){0};
}

int description_find_weight(const struct description *d, const char *path) {
  for (int i = 0; i < d->weight_count; i++) {
    if (strcmp(d->weights[i].path, path) == 0) return i;
  }
  return -1;
}

int description_find_tensor(const struct description *d, const char *name) {
  for (int i = 0; i < d->tensor_count; i++) {
    if (strcmp(d->tensors[i].name, name) == 0) return i;
  }
  return -1;
}

int64_t description_parameters(const struct description *d, bool sparse) {
  int64_t sum = 0;
  for (int i = 0; i < d->weight_count; i++) {
    if (d->weights[i].trained && d->weights[i].sparse == sparse) sum += d->weights[i].shape.count;
  }
  return sum;
}

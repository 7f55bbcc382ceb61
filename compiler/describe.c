/* The description of a compiled model as JSON. */
#include "describe.h"

#include "cost.h"
#include "runtime/hrm.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static json_t *shape_json(const struct type *t) {
  json_t *shape = json_array();
  for (int i = 0; i < t->rank; i++) json_array_append_new(shape, json_integer(t->extent[i]));
  return shape;
}

static json_t *setting_json(const struct setting *s) {
  if (s->kind == SETTING_TEXT) return json_string(s->text);
  return s->is_integer ? json_integer((json_int_t)s->number) : json_real(s->number);
}

static json_t *settings_json(const struct setting *settings, int count) {
  json_t *object = json_object();
  for (int i = 0; i < count; i++) json_object_set_new(object, settings[i].name, setting_json(&settings[i]));
  return object;
}

static json_t *policy_json(const char *key, const struct policy *p) {
  json_t *object = settings_json(p->settings, p->count);
  json_object_set_new(object, key, json_string(p->kind));
  return object;
}

static json_t *init_json(const struct init *init) {
  static const char *const kinds[] = {[INIT_CONSTANT] = "constant",
                                      [INIT_TRUNC_NORMAL] = "trunc_normal",
                                      [INIT_NORMAL] = "normal",
                                      [INIT_UNIFORM] = "uniform"};
  return json_pack("{s:s, s:f}", "kind", kinds[init->kind], "scale", init->scale);
}

static json_t *weights_json(const struct program *p, const struct plan *plan) {
  json_t *list = json_array();
  for (int i = 0; i < p->weight_count; i++) {
    const struct weight *w = p->weights[i];
    json_t *x = json_pack("{s:s, s:o, s:b, s:i, s:b, s:o}", "path", w->symbol->name, "shape",
                          shape_json(&w->symbol->type), "trained", w->symbol->role == ROLE_PARAM, "group", w->group,
                          "sparse", w->sparse, "init", init_json(&w->init));
    const struct packing *packing = &plan->packings[i];
    if (!w->sparse) json_object_set_new(x, "offset", json_integer(w->offset));
    if (packing->block > 0)
      json_object_set_new(
          x, "packed",
          json_pack("{s:I, s:I}", "block", (json_int_t)packing->block, "bytes", (json_int_t)packing->bytes));
    json_array_append_new(list, x);
  }
  return list;
}

static bool is_gradient(const struct program *p, int tensor, int *rows) {
  for (int i = 0; i < p->tensor_count; i++)
    if (p->tensors[i].table && p->tensors[i].gradient == tensor) {
      *rows = i;
      return true;
    }
  return false;
}

static const char *role_text(enum role role) {
  static const char *const texts[] = {[ROLE_PARAM] = "param",     [ROLE_BUFFER] = "buffer", [ROLE_ROWS] = "rows",
                                      [ROLE_INPUT] = "input",     [ROLE_LABEL] = "label",   [ROLE_STATE] = "state",
                                      [ROLE_CONTROL] = "control", [ROLE_OUTPUT] = "output", [ROLE_NOISE] = "noise"};
  return texts[role];
}

static json_t *tensor_json(const struct program *p, int i) {
  const struct tensor *t = &p->tensors[i];
  int rows;
  bool gradient = is_gradient(p, i, &rows);
  const char *role = gradient ? "rows_grad" : t->is_traced ? "trace" : role_text(t->symbol->role);
  json_t *x = json_pack("{s:s, s:s, s:s, s:o}", "name", t->symbol->name, "role", role, "dtype",
                        dtype_text(t->symbol->type.dtype), "shape", shape_json(&t->symbol->type));
  if (t->bound > 0) json_object_set_new(x, "bound", json_integer(t->bound));
  if (t->table) {
    json_object_set_new(x, "table", json_string(t->table->symbol->name));
    json_object_set_new(x, "index", json_string(p->tensors[t->rows_index].symbol->name));
  }
  if (gradient) json_object_set_new(x, "of", json_string(p->tensors[rows].symbol->name));
  return x;
}

static json_t *tensors_json(const struct program *p) {
  json_t *list = json_array();
  for (int i = 0; i < p->tensor_count; i++) json_array_append_new(list, tensor_json(p, i));
  return list;
}

static json_t *groups_json(const struct program *p) {
  json_t *list = json_array();
  for (int i = 0; i < p->group_count; i++) json_array_append_new(list, policy_json("optimizer", &p->groups[i]));
  return list;
}

static json_t *train_json(const struct program *p) {
  return json_pack("{s:I, s:o, s:f, s:f}", "batch", (json_int_t)p->batch, "schedule",
                   policy_json("kind", &p->schedule), "ema", p->ema, "clip", p->clip);
}

static json_t *sizes_json(const struct plan *plan) {
  return json_pack("{s:I, s:I, s:I, s:I}", "prepare", (json_int_t)plan->prepare.arena_bytes, "forward",
                   (json_int_t)plan->forward.arena_bytes, "train", (json_int_t)plan->train.arena_bytes, "trace",
                   (json_int_t)plan->trace.arena_bytes);
}

static int64_t local_bytes(const struct plan *plan) {
  int64_t forward = plan->forward.local_bytes, train = plan->train.local_bytes, trace = plan->trace.local_bytes;
  int64_t most = forward > train ? forward : train;
  return most > trace ? most : trace;
}

static json_t *kernels_json(const struct plan *plan) {
  struct machine any = machine_generic();
  json_t *list = json_array();
  for (int i = 0; i < plan->form_count; i++) {
    json_int_t flops = (json_int_t)form_cost(&plan->forms[i], &any, 1).flops;
    json_array_append_new(list, json_pack("{s:s, s:I}", "name", plan->forms[i].name, "flops", flops));
  }
  return list;
}

const char *describe(struct arena *a, const struct program *p, const struct plan *plan, const char *source,
                     const char *cpu, const char *features) {
  json_t *x = json_pack("{s:i, s:s, s:s, s:s, s:{s:s, s:s}}", "format", HRM_FORMAT, "model", p->name, "hrmc",
                        PACKAGE_VERSION, "source", source, "target", "cpu", cpu, "features", features);
  json_object_set_new(x, "precision", json_string(dtype_text(p->precision)));
  json_object_set_new(x, "configs", settings_json(p->configs, p->config_count));
  json_object_set_new(x, "tile", json_integer(plan->tile));
  json_object_set_new(x, "weight_bytes", json_integer(p->weight_bytes));
  json_object_set_new(x, "shared_bytes", json_integer(plan->shared_bytes));
  json_object_set_new(x, "arena_bytes", sizes_json(plan));
  json_object_set_new(x, "local_bytes", json_integer(local_bytes(plan)));
  json_object_set_new(x, "kernels", kernels_json(plan));
  json_object_set_new(
      x, "flops",
      json_pack("{s:I, s:I}", "forward", (json_int_t)plan->forward_flops, "train", (json_int_t)plan->train_flops));
  json_object_set_new(x, "weights", weights_json(p, plan));
  json_object_set_new(x, "groups", groups_json(p));
  json_object_set_new(x, "tensors", tensors_json(p));
  json_object_set_new(x, "act", policy_json("kind", &p->act));
  json_object_set_new(x, "train", train_json(p));
  char *text = json_dumps(x, JSON_COMPACT | JSON_REAL_PRECISION(17));
  json_decref(x);
  char *copy = arena_strdup(a, text);
  free(text);
  return copy;
}

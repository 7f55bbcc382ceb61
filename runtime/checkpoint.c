#include "runtime/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/checkpoint_compare.h"
#include "runtime/safetensors.h"

/* Calls visit for every tensor of a checkpoint of a trainer, until it returns false.  Saving and resuming share the
 * list, so that neither can forget what the other has. */
typedef bool visit_tensor(void *context, const char *name, enum stored_dtype dtype, struct shape shape, void *data);

static bool visit_named(visit_tensor *visit, void *context, const char *prefix, const char *name,
                        enum stored_dtype dtype, struct shape shape, void *data) {
  char *full;
  if (asprintf(&full, "%s%s", prefix, name) < 0) return false;
  bool more = visit(context, full, dtype, shape, data);
  free(full);
  return more;
}

static bool visit_weight(const struct trainer *t, int i, visit_tensor *visit, void *context) {
  const struct weight_info *w = &t->description->weights[i];
  const struct optimizer *o = &t->optimizer;
  if (!visit(context, w->path, STORED_F32, w->shape, model_weight(&t->model, i))) return false;
  if (optimizer_has_m(o, i) &&
      !visit_named(visit, context, OF_TRAINING "optimizer.m.", w->path, STORED_F32, w->shape, o->m + w->offset)) {
    return false;
  }
  if (optimizer_has_v(o, i) &&
      !visit_named(visit, context, OF_TRAINING "optimizer.v.", w->path, STORED_F32, w->shape, o->v + w->offset)) {
    return false;
  }
  return !optimizer_has_ema(o, i) ||
         visit_named(visit, context, OF_TRAINING "ema.", w->path, STORED_F32, w->shape, o->ema + w->offset);
}

static bool visit_slots(const struct trainer *t, visit_tensor *visit, void *context) {
  const struct description *d = t->description;
  for (int i = 0; i < d->tensor_count; i++) {
    const struct tensor_info *tensor = &d->tensors[i];
    bool state = tensor->role == SLOT_STATE, example = tensor->role == SLOT_INPUT || tensor->role == SLOT_LABEL;
    if (!state && !example) continue;
    struct shape shape = shape_batch(t->slots.count, &tensor->shape);
    const char *prefix = state ? OF_TRAINING "carry." : OF_TRAINING "slot.";
    if (!visit_named(visit, context, prefix, tensor->name, tensor->dtype, shape, t->slots.tensors[i])) return false;
  }
  struct shape all = shape_vector(t->slots.count);
  return visit(context, OF_TRAINING "steps", STORED_I32, all, t->slots.steps) &&
         visit(context, OF_TRAINING "halted", STORED_I32, all, t->slots.halted);
}

static bool visit_all(const struct trainer *t, visit_tensor *visit, void *context) {
  for (int i = 0; i < t->description->weight_count; i++) {
    if (!visit_weight(t, i, visit, context)) return false;
  }
  if (!visit_slots(t, visit, context)) return false;
  return visit(context, OF_TRAINING "metrics", STORED_F64, shape_vector(METRIC_COUNT), (void *)&t->metrics);
}

struct entry_list {
  struct tensor_entry *entries; /* names are owned */
  int count, capacity;
};

static bool collect(void *context, const char *name, enum stored_dtype dtype, struct shape shape, void *data) {
  struct entry_list *list = context;
  if (list->count == list->capacity) {
    int capacity = list->capacity ? 2 * list->capacity : 64;
    struct tensor_entry *grown = realloc(list->entries, (size_t)capacity * sizeof *grown);
    if (!grown) return false;
    list->entries = grown, list->capacity = capacity;
  }
  char *copy = strdup(name);
  if (!copy) return false;
  list->entries[list->count++] = (struct tensor_entry){copy, dtype, shape, data};
  return true;
}

static void entry_list_free(struct entry_list *list) {
  for (int i = 0; i < list->count; i++) free((char *)list->entries[i].name);
  free(list->entries);
}

static json_t *metadata_json(const struct trainer *t, const json_t *settings) {
  char step[24], epoch[24], group[24];
  snprintf(step, sizeof step, "%lld", (long long)t->step);
  snprintf(epoch, sizeof epoch, "%lld", (long long)t->loader.position.epoch);
  snprintf(group, sizeof group, "%lld", (long long)t->loader.position.group);
  char *text = json_dumps(settings, JSON_COMPACT);
  json_t *json = text ? json_pack("{s:s, s:s, s:s, s:s}", "settings", text, "step", step, "loader_epoch", epoch,
                                  "loader_group", group)
                      : NULL;
  free(text);
  return json;
}

bool checkpoint_save(const char *path, const struct trainer *t, const json_t *settings, struct hrm_error *error) {
  struct entry_list list = {0};
  json_t *metadata = metadata_json(t, settings);
  bool saved = metadata && visit_all(t, collect, &list);
  if (saved)
    saved = safetensors_write(path, list.entries, list.count, metadata, error);
  else
    hrm_fail(error, HRM_SYSTEM, "%s: cannot be saved: out of memory", path);
  json_decref(metadata);
  entry_list_free(&list);
  return saved;
}

static bool restore(void *context, const char *name, enum stored_dtype dtype, struct shape shape, void *data) {
  struct comparison *c = context;
  const struct tensor_entry *entry = comparison_entry(c, name, &shape);
  if (entry && entry->dtype != dtype && !tensor_entry_convert(entry, dtype, data)) {
    comparison_differ(c, "; '%s': the file has %s, a run needs %s", name, stored_dtype_name(entry->dtype),
                      stored_dtype_name(dtype));
  } else if (entry && entry->dtype == dtype) {
    memcpy(data, entry->data, (size_t)shape.count * stored_dtype_bytes(dtype));
  }
  return true;
}

static bool read_counter(const struct tensor_file *file, const char *key, int64_t limit, int64_t *out,
                         struct hrm_error *error) {
  const char *text = tensor_file_text(file, key);
  char *end = NULL;
  errno = 0;
  long long value = text ? strtoll(text, &end, 10) : -1;
  if (!text || errno || *end || value < 0 || value >= limit) {
    return hrm_fail(error, HRM_INPUT, "%s: cannot be resumed: its metadata has no valid '%s'", file->path, key);
  }
  *out = value;
  return true;
}

/* Tokens and counts become addresses and loop bounds, so a damaged file must not bring in others. */
static bool check_integers(const struct trainer *t, const struct tensor_file *file, struct hrm_error *error) {
  const struct description *d = t->description;
  for (int i = 0; i < d->tensor_count; i++) {
    const struct tensor_info *tensor = &d->tensors[i];
    const int32_t *values = t->slots.tensors[i];
    bool label = tensor->role == SLOT_LABEL;
    if ((tensor->role != SLOT_INPUT && !label) || tensor->bound == 0) continue;
    for (int64_t k = 0; k < t->slots.count * tensor->shape.count; k++) {
      if (values[k] < tensor->bound && (values[k] >= 0 || (label && values[k] == DATASET_UNLABELLED))) continue;
      return hrm_fail(error, HRM_INPUT, "%s: damaged: '" OF_TRAINING "slot.%s' holds %d, the model's bound is %lld",
                      file->path, tensor->name, values[k], (long long)tensor->bound);
    }
  }
  for (int64_t i = 0; i < t->slots.count; i++) {
    bool valid = t->slots.steps[i] >= 0 && t->slots.steps[i] < INT32_MAX && (t->slots.halted[i] & ~1) == 0;
    if (!valid) return hrm_fail(error, HRM_INPUT, "%s: damaged: slot %lld", file->path, (long long)i);
  }
  return true;
}

static bool check_dataset(const struct trainer *t, const struct tensor_file *file, struct hrm_error *error) {
  json_t *settings = checkpoint_settings(file);
  bool same = settings_same_dataset(settings, t->settings, t->dataset, file->path, error);
  json_decref(settings);
  return same;
}

bool checkpoint_resume(struct trainer *t, const struct tensor_file *file, struct hrm_error *error) {
  struct comparison c = {.file = file};
  struct loader_position position;
  if (!check_dataset(t, file, error)) return false;
  if (!visit_all(t, restore, &c)) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  if (!comparison_conclude(&c, error) || !check_integers(t, file, error) ||
      !checkpoint_check_finite(&t->model, file->path, error)) {
    return false;
  }
  if (!read_counter(file, "step", INT64_MAX, &t->step, error) ||
      !read_counter(file, "loader_epoch", (int64_t)1 << 40, &position.epoch, error) ||
      !read_counter(file, "loader_group", t->loader.groups, &position.group, error)) {
    return false;
  }
  t->loader.position = position;
  optimizer_complete_ema(&t->optimizer, &t->model);
  model_prepare(&t->model);
  return true;
}

json_t *checkpoint_settings(const struct tensor_file *file) {
  const char *text = tensor_file_text(file, "settings");
  return text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

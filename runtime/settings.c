#include "runtime/settings.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BATCH = 64, DEFAULT_LOG_EVERY = 10, DEFAULT_KEEP = 3 };

bool settings_new(struct settings *s, const struct description *d, struct hrm_error *error) {
  *s = (struct settings){.steps = d->steps,
                         .batch = d->batch ? d->batch : DEFAULT_BATCH,
                         .log_every = DEFAULT_LOG_EVERY,
                         .keep = DEFAULT_KEEP,
                         .group_count = d->group_count,
                         .schedule = d->schedule,
                         .ema = d->ema,
                         .clip = d->clip};
  s->groups = calloc((size_t)d->group_count + 1, sizeof *s->groups);
  if (!s->groups) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  memcpy(s->groups, d->groups, (size_t)d->group_count * sizeof *s->groups);
  return true;
}

void settings_free(struct settings *s) {
  free(s->data);
  free(s->groups);
  *s = (struct settings){0};
}

static json_t *group_json(const struct optimizer_group *g) {
  return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f}", "optimizer", optimizer_kind_name(g->kind), "lr", g->lr,
                   "beta1", g->beta1, "beta2", g->beta2, "weight_decay", g->weight_decay, "eps", g->eps, "momentum",
                   g->momentum);
}

static json_t *groups_json(const struct settings *s) {
  json_t *list = json_array();
  for (int i = 0; i < s->group_count; i++) json_array_append_new(list, group_json(&s->groups[i]));
  return list;
}

static json_t *dataset_json(const struct dataset *dataset, struct hrm_error *error) {
  struct dataset_identity identity = dataset_identify(dataset);
  json_t *json = json_pack("{s:i, s:i, s:i, s:i, s:I, s:I, s:s}", "vocab_size", dataset->vocab_size, "seq_len",
                           dataset->seq_len, "pad_id", dataset->pad_id, "blank_identifier_id",
                           dataset->blank_identifier_id, "groups", (json_int_t)identity.groups, "examples",
                           (json_int_t)identity.examples, "fingerprint", identity.fingerprint);
  if (json && puzzle_text_to_json(&dataset->text, json, error)) return json;
  json_decref(json);
  return NULL;
}

json_t *settings_json(const struct settings *s, const struct description *d, const struct dataset *dataset,
                      struct hrm_error *error) {
  json_t *text = dataset_json(dataset, error);
  json_t *json = json_pack(
      "{s:s, s:s, s:{s:s, s:s}, s:O*, s:{s:s, s:I, s:f}, s:s, s:I, s:I, s:I, s:i, s:I, s:I, s:I, s:I, s:I, s:o, "
      "s:{s:s, s:I, s:f}, s:f, s:f, s:o}",
      "model", d->model, "hrmc", d->compiler, "target", "cpu", d->target_cpu, "features", d->target_features,
      "configs", d->configs, "act", "kind", act_kind_name(d->act.kind), "max_segments",
      (json_int_t)d->act.max_segments, "exploration", d->act.exploration, "data", s->data, "steps",
      (json_int_t)s->steps, "batch", (json_int_t)s->batch, "seed", (json_int_t)s->seed, "threads", s->threads,
      "eval_every", (json_int_t)s->eval_every, "eval_limit", (json_int_t)s->eval_limit, "save_every",
      (json_int_t)s->save_every, "log_every", (json_int_t)s->log_every, "keep", (json_int_t)s->keep, "groups",
      groups_json(s), "schedule", "kind", schedule_kind_name(s->schedule.kind), "warmup",
      (json_int_t)s->schedule.warmup, "floor", s->schedule.floor, "ema", s->ema, "clip", s->clip, "dataset", text);
  if (!json) hrm_fail(error, HRM_SYSTEM, "the settings cannot be written as JSON; out of memory?");
  return json;
}

static bool wrong(struct hrm_error *error, const char *name, const char *why) {
  return hrm_fail(error, HRM_INPUT, "%s: not the settings of a run: %s", name, why);
}

bool settings_same_dataset(const json_t *json, const struct settings *s, const struct dataset *dataset,
                           const char *name, struct hrm_error *error) {
  struct dataset_identity ours = dataset_identify(dataset);
  const char *data, *fingerprint;
  json_int_t groups, examples;
  if (json_unpack((json_t *)json, "{s:s, s:{s:I, s:I, s:s}}", "data", &data, "dataset", "groups", &groups, "examples",
                  &examples, "fingerprint", &fingerprint) != 0) {
    return hrm_fail(error, HRM_INPUT, "%s: cannot be resumed: it does not say which data set it was trained on",
                    name);
  }
  bool same = groups == ours.groups && examples == ours.examples && strcmp(fingerprint, ours.fingerprint) == 0;
  return same ||
         hrm_fail(error, HRM_INPUT,
                  "%s: a run on %.1000s (%lld groups, %lld examples, fingerprint %.32s) cannot go on with %.1000s "
                  "(%lld groups, %lld examples, fingerprint %s)",
                  name, data, (long long)groups, (long long)examples, fingerprint, s->data, (long long)ours.groups,
                  (long long)ours.examples, ours.fingerprint);
}

static bool same_config(const char *key, const json_t *theirs, const json_t *ours, const char *name,
                        struct hrm_error *error) {
  if (json_equal((json_t *)theirs, (json_t *)ours)) return true;
  char *a = json_dumps(theirs, JSON_ENCODE_ANY), *b = json_dumps(ours, JSON_ENCODE_ANY);
  hrm_fail(error, HRM_INPUT, "%s: the run was started with %s = %s, this model is compiled with %s", name, key,
           a ? a : "nothing", b ? b : "nothing");
  free(a);
  free(b);
  return false;
}

static bool same_model(const json_t *json, const struct description *d, const char *name, struct hrm_error *error) {
  const char *model = json_string_value(json_object_get(json, "model"));
  if (!model || strcmp(model, d->model) != 0) {
    return hrm_fail(error, HRM_INPUT, "%s: a run of model %s, but this is %s", name, model ? model : "(unnamed)",
                    d->model);
  }
  const json_t *configs = json_object_get(json, "configs");
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)d->configs, key, value) {
    if (!same_config(key, json_object_get(configs, key), value, name, error)) return false;
  }
  return true;
}

static bool read_groups(struct settings *s, const json_t *list, const char *name, struct hrm_error *error) {
  if (json_array_size(list) != (size_t)s->group_count)
    return wrong(error, name, "another number of optimiser groups");
  for (int i = 0; i < s->group_count; i++) {
    struct optimizer_group *g = &s->groups[i];
    const char *kind;
    json_error_t e;
    if (json_unpack_ex(json_array_get(list, (size_t)i), &e, 0, "{s:s, s:F, s:F, s:F, s:F, s:F, s:F}", "optimizer",
                       &kind, "lr", &g->lr, "beta1", &g->beta1, "beta2", &g->beta2, "weight_decay", &g->weight_decay,
                       "eps", &g->eps, "momentum", &g->momentum) != 0) {
      return wrong(error, name, e.text);
    }
    if (strcmp(kind, optimizer_kind_name(g->kind)) != 0) return wrong(error, name, "another optimiser");
  }
  return true;
}

static bool sensible(const struct settings *s, json_int_t seed, const char *name, struct hrm_error *error) {
  bool positive = s->steps >= 0 && s->batch > 0 && s->batch < INT32_MAX && s->threads > 0 && s->log_every > 0;
  bool counts = s->save_every > 0 && s->eval_every >= 0 && s->eval_limit >= 0 && s->keep >= 0 && seed >= 0;
  return (positive && counts) || wrong(error, name, "a number is out of range");
}

static bool read_numbers(struct settings *s, json_t *json, const char *name, struct hrm_error *error) {
  const char *data, *schedule;
  json_int_t steps, batch, seed, eval_every, eval_limit, save_every, log_every, keep, warmup;
  json_error_t e;
  if (json_unpack_ex(json, &e, 0, "{s:s, s:I, s:I, s:I, s:i, s:I, s:I, s:I, s:I, s:I, s:{s:s, s:I, s:F}, s:F, s:F}",
                     "data", &data, "steps", &steps, "batch", &batch, "seed", &seed, "threads", &s->threads,
                     "eval_every", &eval_every, "eval_limit", &eval_limit, "save_every", &save_every, "log_every",
                     &log_every, "keep", &keep, "schedule", "kind", &schedule, "warmup", &warmup, "floor",
                     &s->schedule.floor, "ema", &s->ema, "clip", &s->clip) != 0) {
    return wrong(error, name, e.text);
  }
  if (strcmp(schedule, schedule_kind_name(s->schedule.kind)) != 0) return wrong(error, name, "another schedule");
  s->data = strdup(data);
  s->steps = steps, s->batch = batch, s->seed = (uint64_t)seed, s->eval_every = eval_every,
  s->eval_limit = eval_limit;
  s->save_every = save_every, s->log_every = log_every, s->keep = keep, s->schedule.warmup = warmup;
  return sensible(s, seed, name, error);
}

bool settings_from_json(struct settings *s, const json_t *json, const struct description *d, const char *name,
                        struct hrm_error *error) {
  if (!settings_new(s, d, error)) return false;
  if (same_model(json, d, name, error) && read_groups(s, json_object_get(json, "groups"), name, error) &&
      read_numbers(s, (json_t *)json, name, error)) {
    return true;
  }
  settings_free(s);
  return false;
}

bool settings_is_sparse(const struct description *d, int group) {
  for (int i = 0; i < d->weight_count; i++) {
    if (d->weights[i].group == group && d->weights[i].sparse) return true;
  }
  return false;
}

void settings_scale_rates(struct settings *s, const struct description *d, double lr) {
  double ratio = 0;
  for (int i = 0; i < s->group_count; i++) {
    if (settings_is_sparse(d, i)) continue;
    if (ratio == 0) ratio = s->groups[i].lr > 0 ? lr / s->groups[i].lr : 1;
    s->groups[i].lr = s->groups[i].lr > 0 ? s->groups[i].lr * ratio : lr;
  }
}

void settings_sparse_rate(struct settings *s, const struct description *d, double lr) {
  for (int i = 0; i < s->group_count; i++) {
    if (settings_is_sparse(d, i)) s->groups[i].lr = lr;
  }
}

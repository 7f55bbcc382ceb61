#include <stdlib.h>
#include <string.h>

#include "runtime/pt_tensors.h"

const struct pickle_class pt_classes[] = {
#define STORAGE_CLASS(name, dtype) {"torch", #name, PICKLE_MAKES_CALL, STORED_##dtype},
    PT_STORAGES(STORAGE_CLASS)
#undef STORAGE_CLASS
        {"torch._utils", "_rebuild_tensor", PICKLE_MAKES_CALL, PT_REBUILD_TENSOR},
    {"torch._utils", "_rebuild_tensor_v2", PICKLE_MAKES_CALL, PT_REBUILD_TENSOR},
    {"torch._utils", "_rebuild_parameter", PICKLE_MAKES_CALL, PT_REBUILD_PARAMETER},
    {"torch", "Size", PICKLE_MAKES_CALL, PT_OTHER},
    {"torch", "device", PICKLE_MAKES_CALL, PT_OTHER},
    {"collections", "OrderedDict", PICKLE_MAKES_DICT, PT_OTHER},
    {0}};

struct collection {
  struct pt_storages *storages;
  const char *name;
  struct hrm_error *error;
};

static bool wrong(const struct collection *c, const struct pickle_value *value, const char *what) {
  return hrm_fail(c->error, HRM_INPUT, "%s: damaged: %s at byte %zu of its pickle", c->name, what, value->offset);
}

/* ("storage", class, key, place, number of elements); a sixth is None since PyTorch 0.4. */
static bool is_storage(const struct pickle_value *v) {
  struct pickle_value **items = v->items.at;
  return v->kind == PICKLE_TUPLE && v->items.count >= 5 && v->items.count <= 6 &&
         pickle_is_text(items[0], "storage") && items[1]->kind == PICKLE_CLASS &&
         items[1]->class->number < STORED_COUNT && items[2]->kind == PICKLE_TEXT &&
         items[4]->kind == PICKLE_INTEGER && items[4]->integer >= 0 && items[4]->integer <= INT64_MAX / 16 &&
         (v->items.count == 5 || items[5]->kind == PICKLE_NONE);
}

static bool add_storage(void *context, const struct pickle_value *persistent) {
  struct collection *c = context;
  struct pt_storages *s = c->storages;
  const struct pickle_value *v = persistent->items.at[0];
  if (!is_storage(v)) return wrong(c, persistent, "something else than a storage outside the pickle");
  if (s->count == s->capacity) {
    size_t capacity = s->capacity ? 2 * s->capacity : 64;
    struct pt_storage *grown = realloc(s->at, capacity * sizeof *grown);
    if (!grown) return hrm_fail(c->error, HRM_SYSTEM, "%s: out of memory", c->name);
    s->at = grown;
    s->capacity = capacity;
  }
  const struct pickle_value *key = v->items.at[2];
  s->at[s->count++] = (struct pt_storage){.key = key->text,
                                          .length = key->length,
                                          .dtype = (enum stored_dtype)v->items.at[1]->class->number,
                                          .count = v->items.at[4]->integer};
  return true;
}

static int compare_keys(const void *a, const void *b) {
  const struct pt_storage *x = a, *y = b;
  if (x->length != y->length) return x->length < y->length ? -1 : 1;
  return memcmp(x->key, y->key, x->length);
}

/* Tensors that share a storage name it once each. */
static bool merge(struct collection *c) {
  struct pt_storages *s = c->storages;
  size_t kept = 0;
  if (s->count) qsort(s->at, s->count, sizeof *s->at, compare_keys);
  for (size_t i = 0; i < s->count; i++) {
    const struct pt_storage *last = kept ? &s->at[kept - 1] : NULL;
    if (!last || compare_keys(last, &s->at[i]) != 0) {
      s->at[kept++] = s->at[i];
    } else if (last->dtype != s->at[i].dtype || last->count != s->at[i].count) {
      return hrm_fail(c->error, HRM_INPUT, "%s: damaged: storage '%.*s' has two types or sizes", c->name,
                      (int)(last->length < 80 ? last->length : 80), last->key);
    }
  }
  s->count = kept;
  return true;
}

bool pt_storages_collect(struct pt_storages *s, const struct pickle *pickle, const char *name,
                         struct hrm_error *error) {
  struct collection c = {s, name, error};
  return pickle_each(pickle, PICKLE_PERSISTENT, add_storage, &c) && merge(&c);
}

struct pt_storage *pt_storages_find(const struct pt_storages *s, const struct pickle_value *key) {
  const struct pt_storage wanted = {.key = key->text, .length = key->length};
  if (key->kind != PICKLE_TEXT || s->count == 0) return NULL;
  return bsearch(&wanted, s->at, s->count, sizeof *s->at, compare_keys);
}

const struct pickle_value *pt_storage_key(const struct pickle_value *persistent) {
  return persistent->items.at[0]->items.at[2];
}

void pt_storages_free(struct pt_storages *s) {
  free(s->at);
  *s = (struct pt_storages){0};
}

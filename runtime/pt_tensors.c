#include "runtime/pt_tensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A pickle may hold a value in many places, so what is walked is counted, too. */
enum { MOST_DEPTH = 64, MOST_ITEMS = 1 << 20, MOST_NAMED = 1 << 16, MOST_NAME = 1000 };

struct walk {
  struct tensor_file *file;
  const struct pt_storages *storages;
  struct hrm_error *error;
  int depth, items, named;
  size_t length; /* of the name */
  char name[MOST_NAME + 1];
};

/* A tensor as a view of its storage. */
struct view {
  struct pt_storage *storage;
  int64_t offset; /* in elements, as are strides */
  struct shape shape;
  int64_t stride[SHAPE_MAX_RANK];
};

static bool wrong(const struct walk *w, const char *why) {
  if (w->length == 0) return hrm_fail(w->error, HRM_INPUT, "%s: %s", w->file->path, why);
  return hrm_fail(w->error, HRM_INPUT, "%s: tensor '%s': %s", w->file->path, w->name, why);
}

/* ---- Views ---- */

/* false where it is no tuple of so few whole numbers. */
static bool read_sizes(const struct pickle_value *tuple, int64_t sizes[SHAPE_MAX_RANK]) {
  if (tuple->kind != PICKLE_TUPLE || tuple->items.count > SHAPE_MAX_RANK) return false;
  for (size_t i = 0; i < tuple->items.count; i++) {
    if (tuple->items.at[i]->kind != PICKLE_INTEGER) return false;
    sizes[i] = tuple->items.at[i]->integer;
  }
  return true;
}

/* (storage, offset, sizes, strides, …) */
static bool read_view(const struct walk *w, const struct pickle_value *call, struct view *view) {
  struct pickle_value **items = call->items.at;
  int64_t sizes[SHAPE_MAX_RANK];
  if (call->items.count < 4 || items[0]->kind != PICKLE_PERSISTENT || items[1]->kind != PICKLE_INTEGER) {
    return wrong(w, "it is not made of a storage, an offset, sizes and strides");
  }
  view->storage = pt_storages_find(w->storages, pt_storage_key(items[0]));
  view->offset = items[1]->integer;
  if (!read_sizes(items[2], sizes) || !shape_from_sizes(&view->shape, sizes, items[2]->items.count)) {
    return wrong(w, "its shape is impossible or has more than 8 axes");
  }
  if (!read_sizes(items[3], view->stride) || items[3]->items.count != items[2]->items.count) {
    return wrong(w, "its strides do not fit its shape");
  }
  for (int i = 0; i < view->shape.rank; i++) { /* a stride that is never taken may be anything */
    if (view->shape.size[i] <= 1) view->stride[i] = 0;
  }
  return true;
}

/* The highest index that the view reads lies in its storage, and none is negative. */
static bool check_extent(const struct walk *w, const struct view *view) {
  int64_t last = view->offset, reach;
  bool inside = view->offset >= 0;
  for (int i = 0; view->shape.count > 0 && i < view->shape.rank; i++) {
    inside = inside && view->stride[i] >= 0 &&
             !__builtin_mul_overflow(view->shape.size[i] - 1, view->stride[i], &reach) &&
             !__builtin_add_overflow(last, reach, &last);
  }
  if (inside && (view->shape.count == 0 || last < view->storage->count)) return true;
  return wrong(w, "it reaches beyond its storage");
}

static bool is_row_major(const struct view *view) {
  int64_t stride = 1;
  for (int i = view->shape.rank - 1; i >= 0; i--) {
    if (view->shape.size[i] != 1 && view->stride[i] != stride) return false;
    stride *= view->shape.size[i];
  }
  return true;
}

/* Copies the elements in row-major order. */
static void gather(const struct view *view, const unsigned char *from, unsigned char *out) {
  size_t bytes = stored_dtype_bytes(view->storage->dtype);
  int64_t index[SHAPE_MAX_RANK] = {0}, at = view->offset;
  for (int64_t i = 0; i < view->shape.count; i++) {
    memcpy(out + (size_t)i * bytes, from + (size_t)at * bytes, bytes);
    for (int axis = view->shape.rank - 1; axis >= 0; axis--) {
      at += view->stride[axis];
      if (++index[axis] < view->shape.size[axis]) break;
      at -= index[axis] * view->stride[axis];
      index[axis] = 0;
    }
  }
}

static bool find_data(const struct walk *w, struct pt_storage *storage) {
  return storage->data || !w->storages->find || w->storages->find(w->storages->context, storage, w->error);
}

/* The view's data in place, or gathered; NULL and a message. */
static const void *view_data(const struct walk *w, const struct view *view) {
  size_t bytes = stored_dtype_bytes(view->storage->dtype);
  if (!find_data(w, view->storage)) return NULL;
  if (is_row_major(view)) return (const unsigned char *)view->storage->data + (size_t)view->offset * bytes;
  void *copy = tensor_file_allocate(w->file, (uint64_t)view->shape.count * bytes, w->error);
  if (copy) gather(view, view->storage->data, copy);
  return copy;
}

static bool add_tensor(struct walk *w, const struct pickle_value *call) {
  struct view view;
  if (!read_view(w, call, &view) || !check_extent(w, &view)) return false;
  struct tensor_entry entry = {.dtype = view.storage->dtype, .shape = view.shape};
  if (view.shape.count > 0 && !(entry.data = view_data(w, &view))) return false;
  entry.name = w->length ? tensor_file_name(w->file, w->name, w->length, w->error) : "tensor";
  return entry.name && tensor_file_add(w->file, &entry, w->error);
}

/* ---- Dictionaries ---- */

static bool visit(struct walk *w, const struct pickle_value *value);

static bool visit_call(struct walk *w, const struct pickle_value *call) {
  if (call->class->number == PT_REBUILD_TENSOR) return add_tensor(w, call);
  if (call->class->number != PT_REBUILD_PARAMETER) return true;
  if (call->items.count == 0) return wrong(w, "a parameter of nothing");
  return visit(w, call->items.at[0]);
}

/* Under the present name, a dot and this one. */
static bool visit_named(struct walk *w, const char *name, size_t length, const struct pickle_value *value) {
  size_t before = w->length;
  bool printable = true;
  for (size_t i = 0; i < length; i++) printable = printable && (unsigned char)name[i] >= ' ';
  if (!printable) return wrong(w, "a name has control characters");
  if (before + 1 + length > MOST_NAME) return wrong(w, "a name is longer than 1000 bytes");
  if (before > 0) w->name[w->length++] = '.';
  memcpy(w->name + w->length, name, length);
  w->length += length;
  w->name[w->length] = 0;
  bool visited = visit(w, value);
  w->length = before;
  w->name[before] = 0;
  return visited;
}

static bool visit_number(struct walk *w, int64_t number, const struct pickle_value *value) {
  char text[24];
  int length = snprintf(text, sizeof text, "%" PRId64, number);
  return visit_named(w, text, (size_t)length, value);
}

/* Whether tensors may be in it. */
static bool is_inner(const struct pickle_value *value) {
  return value->kind == PICKLE_CALL || value->kind == PICKLE_DICT || value->kind == PICKLE_TUPLE ||
         value->kind == PICKLE_LIST;
}

static bool count_items(struct walk *w, size_t count) {
  if (count > (size_t)(MOST_ITEMS - w->items)) return wrong(w, "more than a million values");
  w->items += (int)count;
  return true;
}

static bool visit_dict(struct walk *w, const struct pickle_items *items) {
  if (!count_items(w, items->count)) return false;
  for (size_t i = 0; i + 1 < items->count; i += 2) {
    const struct pickle_value *key = items->at[i], *value = items->at[i + 1];
    if (!is_inner(value)) continue;
    bool visited = key->kind == PICKLE_TEXT      ? visit_named(w, key->text, key->length, value)
                   : key->kind == PICKLE_INTEGER ? visit_number(w, key->integer, value)
                                                 : wrong(w, "a key is neither text nor a whole number");
    if (!visited) return false;
  }
  return true;
}

static bool visit_list(struct walk *w, const struct pickle_items *items) {
  if (!count_items(w, items->count)) return false;
  for (size_t i = 0; i < items->count; i++) {
    if (is_inner(items->at[i]) && !visit_number(w, (int64_t)i, items->at[i])) return false;
  }
  return true;
}

static bool visit_kind(struct walk *w, const struct pickle_value *value) {
  switch (value->kind) {
  case PICKLE_CALL: return visit_call(w, value);
  case PICKLE_DICT: return visit_dict(w, &value->items);
  case PICKLE_TUPLE:
  case PICKLE_LIST: return visit_list(w, &value->items);
  default: return true;
  }
}

static bool visit(struct walk *w, const struct pickle_value *value) {
  if (w->depth == MOST_DEPTH) return wrong(w, "more than 64 dictionaries within each other");
  if (w->named++ == MOST_NAMED) return wrong(w, "more than 65536 tensors, dictionaries and lists");
  w->depth++;
  bool visited = visit_kind(w, value);
  w->depth--;
  return visited;
}

/* ---- The object ---- */

static bool is_tensor(const struct pickle_value *value) {
  return value->kind == PICKLE_CALL && value->class->number != PT_OTHER;
}

/* The dictionary of the model in one that holds other things as well; NULL where the object is the model's. */
static const struct pickle_value *inner_dict(const struct pickle_value *object) {
  static const char *const keys[] = {"state_dict", "model_state_dict", "model", "module", "weights"};
  for (size_t i = 1; object->kind == PICKLE_DICT && i < object->items.count; i += 2) {
    if (is_tensor(object->items.at[i])) return NULL;
  }
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const struct pickle_value *inner = pickle_find(object, keys[i]);
    if (inner && inner->kind == PICKLE_DICT) return inner;
  }
  return NULL;
}

bool pt_add_tensors(struct tensor_file *file, const struct pt_storages *s, const struct pickle_value *object,
                    struct hrm_error *error) {
  struct walk w = {.file = file, .storages = s, .error = error};
  const struct pickle_value *inner;
  for (int i = 0; i < MOST_DEPTH && (inner = inner_dict(object)); i++) object = inner;
  return visit(&w, object) && (file->count > 0 || hrm_fail(error, HRM_INPUT, "%s: it holds no tensors", file->path));
}

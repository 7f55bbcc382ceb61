#include "runtime/weights_file.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/npz.h"
#include "runtime/safetensors.h"

static bool write_safetensors(const char *path, struct tensor_entry *entries, int count, json_t *metadata,
                              struct hrm_error *error) {
  return safetensors_write(path, entries, count, metadata, error);
}

static bool write_npz(const char *path, struct tensor_entry *entries, int count, json_t *metadata,
                      struct hrm_error *error) {
  (void)metadata; /* the form has no place for it */
  return npz_write(path, entries, count, error);
}

static const struct weights_format {
  const char *name;
  bool (*write)(const char *path, struct tensor_entry *entries, int count, json_t *metadata, struct hrm_error *error);
} formats[] = {{"safetensors", write_safetensors}, {"npz", write_npz}};

enum { FORMATS = sizeof formats / sizeof *formats };

const struct weights_format *weights_format_named(const char *name) {
  for (int i = 0; i < FORMATS; i++) {
    if (strcmp(formats[i].name, name) == 0) return &formats[i];
  }
  return NULL;
}

const struct weights_format *weights_format_of(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot ? weights_format_named(dot + 1) : NULL;
}

static json_t *metadata_of(const json_t *settings) {
  static const char *const told[] = {"model", "hrmc", "configs", "dataset"};
  json_t *shared = json_object();
  for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
    json_t *value = json_object_get(settings, told[i]);
    if (value) json_object_set(shared, told[i], value);
  }
  char *text = json_object_size(shared) > 0 ? json_dumps(shared, JSON_COMPACT) : NULL;
  json_t *metadata = text ? json_pack("{s:s}", "settings", text) : NULL;
  free(text);
  json_decref(shared);
  return metadata;
}

bool weights_write(const struct model *model, const json_t *settings, const struct weights_format *format,
                   const char *path, struct hrm_error *error) {
  const struct description *d = model->description;
  struct tensor_entry *entries = calloc((size_t)d->weight_count + 1, sizeof *entries);
  if (!entries) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (int i = 0; i < d->weight_count; i++) {
    entries[i] = (struct tensor_entry){d->weights[i].path, STORED_F32, d->weights[i].shape, model_weight(model, i)};
  }
  json_t *metadata = metadata_of(settings);
  bool written = format->write(path, entries, d->weight_count, metadata, error);
  json_decref(metadata);
  free(entries);
  return written;
}

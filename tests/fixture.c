#include "fixture.h"

#include "runtime/tensor_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 3 };
static const char *const names[FILES] = {"weights", "batches", "expected"};

struct fixture {
  struct tensor_file file[FILES];
  json_t *config;
  char text[64];
};

static void die(const char *what, const char *detail) {
  fprintf(stderr, "fixture: %s: %s\n", what, detail);
  abort();
}

struct fixture *fixture_open(const char *folder) {
  struct fixture *f = calloc(1, sizeof *f);
  struct hrm_error error;
  char path[4096];
  for (int i = 0; i < FILES; i++) {
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, names[i]);
    if (!tensor_file_open(&f->file[i], path, &error)) die(path, error.text);
  }
  snprintf(path, sizeof path, "%s/config.json", folder);
  f->config = json_load_file(path, 0, NULL);
  if (!f->config) die(path, "cannot be read");
  return f;
}

void fixture_close(struct fixture *f) {
  for (int i = 0; i < FILES; i++) tensor_file_close(&f->file[i]);
  json_decref(f->config);
  free(f);
}

static const struct tensor_file *file_of(const struct fixture *f, const char *file) {
  for (int i = 0; i < FILES; i++)
    if (!strcmp(names[i], file)) return &f->file[i];
  die("no file", file);
  return NULL;
}

static double *values_of(const struct tensor_entry *x) {
  int64_t n = x->shape.count;
  double *out = malloc(sizeof *out * (size_t)(n + 1));
  for (int64_t i = 0; i < n; i++) {
    float f;
    int32_t w;
    const char *at = (const char *)x->data + i * (int64_t)stored_dtype_bytes(x->dtype);
    if (x->dtype == STORED_F64)
      memcpy(&out[i], at, sizeof *out);
    else if (x->dtype == STORED_F32)
      memcpy(&f, at, sizeof f), out[i] = f;
    else if (x->dtype == STORED_I32)
      memcpy(&w, at, sizeof w), out[i] = w;
    else
      die(x->name, "unexpected type");
  }
  return out;
}

double *fixture_tensor(const struct fixture *f, const char *file, const char *name, int64_t *count) {
  const struct tensor_entry *x = tensor_file_find(file_of(f, file), name);
  if (!x) return NULL;
  if (count) *count = x->shape.count;
  return values_of(x);
}

void fixture_each(const struct fixture *f, const char *file,
                  void (*visit)(void *context, const char *name, const double *values, int64_t count),
                  void *context) {
  const struct tensor_file *t = file_of(f, file);
  for (int i = 0; i < t->count; i++) {
    double *values = values_of(&t->entries[i]);
    visit(context, t->entries[i].name, values, t->entries[i].shape.count);
    free(values);
  }
}

static json_t *find(const struct fixture *f, const char *name) {
  json_t *x = json_object_get(json_object_get(f->config, "model"), name);
  return x ? x : json_object_get(f->config, name);
}

const char *fixture_setting(const struct fixture *f, const char *name) {
  json_t *x = find(f, name);
  if (json_is_string(x)) return json_string_value(x);
  if (!json_is_number(x)) return NULL;
  snprintf(((struct fixture *)f)->text, sizeof f->text, "%g", json_number_value(x));
  return f->text;
}

int64_t fixture_number(const struct fixture *f, const char *name) {
  return (int64_t)json_number_value(find(f, name));
}

#include "runtime/commands.h"

#include <stdlib.h>

#include "runtime/checkpoint.h"

struct info_options {
  const char *checkpoint; /* NULL: none */
  struct checkpoint_use use;
  bool json;
};

enum { INFO_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {INFO_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct info_options *o = state->input;
  switch (key) {
  case KEY_CHECKPOINT: o->checkpoint = arg; return 0;
  case KEY_RESET_PUZZLE_TABLE: o->use.reset_tables = true; return 0;
  case KEY_JSON: o->json = true; return 0;
  default: return option_refuse(state, key, arg);
  }
}

/* The types of its tensors, each once. */
static json_t *dtypes_json(const struct tensor_file *file) {
  json_t *list = json_array();
  for (int dtype = 0; dtype < STORED_COUNT; dtype++) {
    bool found = false;
    for (int i = 0; i < file->count; i++) found = found || file->entries[i].dtype == (enum stored_dtype)dtype;
    if (found) json_array_append_new(list, json_string(stored_dtype_name((enum stored_dtype)dtype)));
  }
  return list;
}

static json_t *file_json(const struct tensor_file *file) {
  const char *step = tensor_file_text(file, "step");
  return json_pack("{s:s, s:s, s:i, s:o, s:b, s:s?}", "path", file->path, "form", file->form, "tensors", file->count,
                   "dtypes", dtypes_json(file), "has_training_state", checkpoint_has_training(file), "step", step);
}

/* What a checkpoint that fits the model is; NULL and a message. */
static json_t *checkpoint_json(const struct info_options *o, const struct description *d, struct hrm_error *error) {
  struct tensor_file file;
  json_t *json = NULL;
  if (!checkpoint_open(&file, o->checkpoint, d, error)) return NULL;
  if (checkpoint_fits(&file, d, o->use, error)) {
    json = file_json(&file);
    if (!json) hrm_fail(error, HRM_SYSTEM, "out of memory");
  }
  tensor_file_close(&file);
  return json;
}

/* The description without the source text and what only generated code understands. */
static json_t *info_json(const struct description *d) {
  json_t *info = json_copy(d->json);
  json_object_del(info, "source");
  json_object_set_new(info, "parameters", json_integer(description_parameters(d, false)));
  json_object_set_new(info, "sparse_parameters", json_integer(description_parameters(d, true)));
  return info;
}

/* 27275266 as 27,275,266 */
static const char *grouped(int64_t number, char text[32]) {
  char plain[24];
  int digits = snprintf(plain, sizeof plain, "%lld", (long long)number), at = 0;
  for (int i = 0; i < digits; i++) {
    if (i > 0 && (digits - i) % 3 == 0) text[at++] = ',';
    text[at++] = plain[i];
  }
  text[at] = 0;
  return text;
}

static void print_weights(const struct description *d) {
  char shape[SHAPE_TEXT], count[32];
  printf("%-52s %-16s %14s\n", "parameter", "shape", "count");
  for (int i = 0; i < d->weight_count; i++) {
    const struct weight_info *w = &d->weights[i];
    const char *remark = !w->trained ? "  not trained" : w->sparse ? "  sparse" : "";
    printf("%-52s %-16s %14s%s\n", w->path, shape_text(&w->shape, shape), grouped(w->shape.count, count), remark);
  }
  printf("%-52s %-16s %14s\n", "parameters", "", grouped(description_parameters(d, false), count));
  int64_t sparse = description_parameters(d, true);
  if (sparse) printf("%-52s %-16s %14s\n", "parameters of sparse tables, beside these", "", grouped(sparse, count));
}

static void print_object(const char *title, const json_t *object) {
  const char *key;
  json_t *value;
  printf("\n%s\n", title);
  json_object_foreach((json_t *)object, key, value) {
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
    printf("  %-28s %s\n", key, text ? text : "");
    free(text);
  }
}

static void print_groups(const struct description *d) {
  size_t i;
  json_t *group;
  json_array_foreach(json_object_get(d->json, "groups"), i, group) print_object("optimizer", group);
}

static bool print_all(const struct info_options *o, const struct description *d, const json_t *checkpoint,
                      struct hrm_error *error) {
  if (o->json) {
    json_t *json = info_json(d);
    if (checkpoint) json_object_set(json, "checkpoint", (json_t *)checkpoint);
    return command_print_json(json, JSON_INDENT(2), error);
  }
  printf("%s, compiled by hrmc %s for %s, activations in %s\n\n", d->model, d->compiler, d->target_cpu,
         d->precision ? d->precision : "f32");
  print_weights(d);
  print_object("configs", d->configs);
  print_object("act", json_object_get(d->json, "act"));
  print_object("train", json_object_get(d->json, "train"));
  print_groups(d);
  if (checkpoint) print_object("checkpoint", checkpoint);
  return fflush(stdout) == 0 || hrm_fail(error, HRM_SYSTEM, "the result cannot be written");
}

bool command_info(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {
      option_table, parse_option, NULL, "Print parameters, settings and the target machine.", NULL, NULL, NULL};
  struct info_options o = {0};
  json_t *checkpoint = NULL;
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  if (o.checkpoint && !(checkpoint = checkpoint_json(&o, line->description, error))) return false;
  bool printed = print_all(&o, line->description, checkpoint, error);
  json_decref(checkpoint);
  return printed;
}

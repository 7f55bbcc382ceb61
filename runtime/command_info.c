#include "runtime/commands.h"

#include <stdlib.h>

struct info_options {
  bool json;
};

static const struct argp_option option_table[] = {INFO_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct info_options *o = state->input;
  if (key != 'j') return option_refuse(state, key, arg);
  o->json = true;
  return 0;
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

bool command_info(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {
      option_table, parse_option, NULL, "Print parameters, settings and the target machine.", NULL, NULL, NULL};
  struct info_options o = {false};
  const struct description *d = line->description;
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  if (o.json) return command_print_json(info_json(d), JSON_INDENT(2), error);
  printf("%s, compiled by hrmc %s for %s\n\n", d->model, d->compiler, d->target_cpu);
  print_weights(d);
  print_object("configs", d->configs);
  print_object("act", json_object_get(d->json, "act"));
  print_object("train", json_object_get(d->json, "train"));
  print_groups(d);
  return fflush(stdout) == 0 || hrm_fail(error, HRM_SYSTEM, "the result cannot be written");
}

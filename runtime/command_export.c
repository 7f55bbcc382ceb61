#include "runtime/commands.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/checkpoint.h"
#include "runtime/npz.h"
#include "runtime/safetensors.h"

/* Writes the weights under the names of the published checkpoints, without the prefixes that those have. */

static bool write_safetensors(const char *path, struct tensor_entry *entries, int count, struct hrm_error *error) {
  return safetensors_write(path, entries, count, NULL, error);
}

static bool write_npz(const char *path, struct tensor_entry *entries, int count, struct hrm_error *error) {
  return npz_write(path, entries, count, error);
}

static const struct format {
  const char *name;
  bool (*write)(const char *path, struct tensor_entry *entries, int count, struct hrm_error *error);
} formats[] = {{"safetensors", write_safetensors}, {"npz", write_npz}};

enum { FORMATS = sizeof formats / sizeof *formats };

struct export_options {
  const char *checkpoint, *output;
  const struct format *format;
  struct checkpoint_use use;
};

enum { EXPORT_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {EXPORT_OPTIONS(OPTION_ARGP) OPTION_HELP};

static const struct format *find_format(const char *name) {
  for (int i = 0; i < FORMATS; i++) {
    if (strcmp(formats[i].name, name) == 0) return &formats[i];
  }
  return NULL;
}

static error_t check_options(struct argp_state *state, struct export_options *o) {
  if (!o->checkpoint) argp_error(state, "--checkpoint is missing");
  if (!o->output) argp_error(state, "--output is missing");
  const char *dot = o->output ? strrchr(o->output, '.') : NULL;
  if (!o->format) o->format = find_format(dot ? dot + 1 : "");
  if (!o->format) argp_error(state, "--format is missing, and '%s' ends in neither .safetensors nor .npz", o->output);
  return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct export_options *o = state->input;
  switch (key) {
  case KEY_CHECKPOINT: o->checkpoint = arg; return 0;
  case KEY_OUTPUT: o->output = arg; return 0;
  case KEY_FORMAT:
    o->format = find_format(arg);
    if (!o->format) argp_error(state, "--format takes safetensors or npz, not '%s'", arg);
    return 0;
  case KEY_NO_EMA: o->use.averaged = false; return 0;
  case KEY_RESET_PUZZLE_TABLE: o->use.reset_tables = true; return 0;
  case ARGP_KEY_END: return check_options(state, o);
  default: return option_refuse(state, key, arg);
  }
}

static bool write_weights(const struct model *model, const struct export_options *o, struct hrm_error *error) {
  const struct description *d = model->description;
  struct tensor_entry *entries = calloc((size_t)d->weight_count + 1, sizeof *entries);
  if (!entries) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (int i = 0; i < d->weight_count; i++) {
    entries[i] = (struct tensor_entry){d->weights[i].path, STORED_F32, d->weights[i].shape, model_weight(model, i)};
  }
  bool written = o->format->write(o->output, entries, d->weight_count, error);
  free(entries);
  return written;
}

static bool export_weights(const struct command_line *line, const struct export_options *o, struct hrm_error *error) {
  struct tensor_file file;
  struct model model = {0};
  if (!checkpoint_open(&file, o->checkpoint, line->description, error)) return false;
  bool done = model_new(&model, line->code, line->description, 1, false, error) &&
              checkpoint_load(&model, &file, o->use, error) && write_weights(&model, o, error);
  tensor_file_close(&file);
  model_free(&model);
  return done;
}

bool command_export(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {
      option_table,
      parse_option,
      NULL,
      "Write the weights of a checkpoint, float32, by the names of the published checkpoints, for other programs.",
      NULL,
      NULL,
      NULL};
  struct export_options o = {.use.averaged = true};
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  return export_weights(line, &o, error);
}

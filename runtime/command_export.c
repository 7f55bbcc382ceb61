#include "runtime/commands.h"

#include "runtime/checkpoint.h"
#include "runtime/weights_file.h"

struct export_options {
  const char *checkpoint, *output;
  const struct weights_format *format;
  struct checkpoint_use use;
};

enum { EXPORT_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {EXPORT_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t check_options(struct argp_state *state, struct export_options *o) {
  option_require(state, KEY_CHECKPOINT, o->checkpoint);
  option_require(state, KEY_OUTPUT, o->output);
  if (!o->format) o->format = weights_format_of(o->output);
  if (!o->format) argp_error(state, "--format is missing, and '%s' ends in neither .safetensors nor .npz", o->output);
  return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct export_options *o = state->input;
  switch (key) {
  case KEY_CHECKPOINT: o->checkpoint = arg; return 0;
  case KEY_OUTPUT: o->output = arg; return 0;
  case KEY_FORMAT:
    o->format = weights_format_named(arg);
    if (!o->format) argp_error(state, "--format takes safetensors or npz, not '%s'", arg);
    return 0;
  case KEY_NO_EMA: o->use.averaged = false; return 0;
  case KEY_RESET_PUZZLE_TABLE: o->use.reset_tables = true; return 0;
  case ARGP_KEY_END: return check_options(state, o);
  default: return option_refuse(state, key, arg);
  }
}

static bool export_weights(const struct command_line *line, const struct export_options *o, struct hrm_error *error) {
  struct tensor_file file;
  struct model model = {0};
  if (!checkpoint_open(&file, o->checkpoint, line->description, error)) return false;
  json_t *settings = checkpoint_settings(&file);
  bool done = model_new(&model, line->code, line->description, 1, false, error) &&
              checkpoint_load(&model, &file, o->use, error) &&
              weights_write(&model, settings, o->format, o->output, error);
  json_decref(settings);
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

/* Commands on the session itself: files, settings, history. */
#include "command.h"

#include "../source.h"
#include "model.h"
#include "runtime/atomic_file.h"
#include "runtime/settings.h"
#include "runtime/weights_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool command_of_load(struct entry_run *r, const struct command_argument *argument) {
  return session_read(r, argument->text);
}

bool command_of_reload(struct entry_run *r, const struct command_argument *argument) {
  struct session *s = r->session;
  bool automatic = !strcmp(argument->text, "auto");
  if (argument->length && !automatic) {
    diag_report(r->c.diags, MSG_SESSION_ARGUMENT, argument->place, "reload", "'auto' or nothing");
    return false;
  }
  if (!s->file) {
    diag_report(r->c.diags, MSG_SESSION_NO_FILE, (struct span){0});
    return false;
  }
  s->watches |= automatic;
  return session_read(r, s->file);
}

/* ---- settings ---- */

static void list_settings(struct entry_run *r) {
  const struct session *s = r->session;
  for (int i = 0; i < s->options.define_count; i++)
    printf("%s = %s\n", s->options.defines[i].name, s->options.defines[i].value);
  if (s->options.data) printf("data = %s\n", s->options.data);
  if (s->run.batch) printf("batch = %lld\n", (long long)s->run.batch);
  if (s->run.threads) printf("threads = %lld\n", (long long)s->run.threads);
  if (s->run.lr > 0) printf("lr = %g\n", s->run.lr);
  printf("seed = %llu\n", (unsigned long long)s->run.seed);
}

/* batch, lr, seed and threads; false where the name is none of them. */
static bool is_run_setting(const char *name) {
  return !strcmp(name, "batch") || !strcmp(name, "lr") || !strcmp(name, "seed") || !strcmp(name, "threads");
}

static bool set_run_setting(struct entry_run *r, const char *name, const char *value, struct span place) {
  struct run_settings *run = &r->session->run;
  char *end;
  double number = strtod(value, &end);
  bool whole = number == floor(number) && number <= 1 << 20, is_rate = !strcmp(name, "lr");
  bool is_seed = !strcmp(name, "seed");
  if (*end || end == value || !isfinite(number) || number < 0 || (!is_rate && !whole) || (!is_seed && number == 0)) {
    diag_report(r->c.diags, MSG_SESSION_NUMBER, place, name,
                is_rate   ? "a number above 0"
                : is_seed ? "a whole number from 0 to 1048576"
                          : "a whole number from 1 to 1048576",
                value);
    return false;
  }
  if (is_rate) run->lr = number;
  if (!strcmp(name, "batch")) run->batch = (int64_t)number;
  if (!strcmp(name, "threads")) run->threads = (int64_t)number;
  if (!strcmp(name, "seed")) run->seed = (uint64_t)number;
  model_outdate(r->session);
  return true;
}

static struct define *find_define(const struct options *o, const char *name) {
  for (int i = 0; i < o->define_count; i++)
    if (!strcmp(o->defines[i].name, name)) return &o->defines[i];
  return NULL;
}

static void try_define(struct entry_run *r, const char *name, const char *value, struct span place) {
  struct options *o = &r->options;
  const struct define *before = o->defines;
  o->defines = arena_new_array(r->c.arena, struct define, (size_t)o->define_count + 1);
  for (int i = 0; i < o->define_count; i++) o->defines[i] = before[i];
  struct define *d = find_define(o, name);
  if (!d) d = &o->defines[o->define_count++];
  *d = (struct define){name, value, place};
}

static void take_define(struct session *s, const char *name, const char *value) {
  struct options *o = &s->options;
  char *text = session_copy(s, value);
  struct define *d = find_define(o, name);
  if (!d) {
    char *copy = session_copy(s, name);
    o->defines = session_grown(s, o->defines, o->define_count, sizeof *o->defines);
    d = &o->defines[o->define_count++];
    *d = (struct define){.name = copy};
  }
  free((char *)d->value);
  d->value = text;
  d->place = (struct span){0};
}

/* A config's value is tried on the whole session before it stays. */
static bool set_config(struct entry_run *r, const char *name, const char *value, struct span place) {
  try_define(r, name, value, place);
  if (!session_check(r)) return false;
  take_define(r->session, name, value);
  model_outdate(r->session);
  return true;
}

static bool set_data(struct entry_run *r, const char *value) {
  struct session *s = r->session;
  r->options.data = value;
  if (!session_check(r)) return false;
  char *copy = session_copy(s, value);
  free((char *)s->options.data);
  s->options.data = copy;
  model_outdate(s);
  return true;
}

bool command_of_set(struct entry_run *r, const struct command_argument *argument) {
  const char *equals = strchr(argument->text, '=');
  if (!argument->length) return list_settings(r), true;
  struct span place = argument->place;
  if (!equals || equals == argument->text) {
    diag_report(r->c.diags, MSG_SESSION_ARGUMENT, place, "set", "NAME=VALUE");
    return false;
  }
  char *name = arena_strndup(r->c.arena, argument->text, (size_t)(equals - argument->text));
  name[strcspn(name, " \t")] = 0;
  const char *value = equals + 1 + strspn(equals + 1, " \t");
  if (!strcmp(name, "data")) return set_data(r, value);
  return is_run_setting(name) ? set_run_setting(r, name, value, place) : set_config(r, name, value, place);
}

bool command_of_print(struct entry_run *r, const struct command_argument *argument) {
  bool full = !strcmp(argument->text, "full");
  if (full || !strcmp(argument->text, "short")) {
    r->session->print_full = full;
    return true;
  }
  diag_report(r->c.diags, MSG_SESSION_ARGUMENT, argument->place, "print", "'full' or 'short'");
  return false;
}

/* ---- what was done ---- */

bool command_of_diff(struct entry_run *r, const struct command_argument *argument) {
  const struct session *s = r->session;
  (void)argument;
  for (int i = 0; i < s->options.define_count; i++)
    if (!s->options.defines[i].place.source) /* not of the command line */
      printf("config %s = %s\n", s->options.defines[i].name, s->options.defines[i].value);
  for (int i = 0; i < s->unit_count; i++)
    if (!s->units[i].is_file) printf("%s\n", s->units[i].source->text);
  for (int i = 0; i < s->field_count; i++) printf("%s = %s\n", s->fields[i].name, s->fields[i].source.text);
  for (int i = 0; i < s->held_count; i++)
    printf("%s: %s\n", s->held[i].symbol.name, type_text(r->c.arena, &s->held[i].symbol.type));
  if (s->model && s->model->trainer.step)
    printf("the weights were trained for %lld steps\n", (long long)s->model->trainer.step);
  return true;
}

bool command_of_history(struct entry_run *r, const struct command_argument *argument) {
  (void)argument;
  for (int i = 0; i < r->session->history_count; i++) printf("%4d  %s\n", i + 1, r->session->history[i]);
  return true;
}

bool command_of_quit(struct entry_run *r, const struct command_argument *argument) {
  (void)argument;
  r->session->done = true;
  return true;
}

static bool save_declarations(struct entry_run *r, const char *path) {
  struct hrm_error error;
  if (!session_ast(r)) return false;
  const char *text = session_text(r);
  return atomic_write_file(path, text, strlen(text), &error) || report_error(r, &error);
}

static bool save_weights(struct entry_run *r, const char *path, const struct weights_format *format) {
  struct trained_model *m = model_ready(r);
  struct hrm_error error;
  if (!m) return false;
  json_t *settings = settings_json(&m->settings, &m->description, &m->train, &error);
  bool done = settings && weights_write(&m->trainer.model, settings, format, path, &error);
  json_decref(settings);
  return done || report_error(r, &error);
}

bool command_of_save(struct entry_run *r, const struct command_argument *argument) {
  const char *path = argument->text, *dot = strrchr(path, '.');
  const struct weights_format *format = weights_format_of(path);
  if (dot && !strcmp(dot, ".hrm")) return save_declarations(r, path);
  if (format) return save_weights(r, path, format);
  diag_report(r->c.diags, MSG_SESSION_ARGUMENT, argument->place, "save",
              "a FILE that ends in .hrm, .safetensors or .npz");
  return false;
}

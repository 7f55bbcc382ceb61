/* hrmc run FILE -- COMMAND…: the executable's commands on code that is compiled in memory; nothing is written. */
#include "commands.h"

#include "runtime/hrm_main.h"

#include <string.h>

/* A symbol's address as a function. */
static hrm_entry *entry(struct jit *j, const char *name) {
  void *address = jit_symbol(j, name);
  hrm_entry *function;
  memcpy(&function, &address, sizeof function);
  return function;
}

/* What stands before the command of the executable, without folders: messages are told under this name. */
static char *program_name(struct compilation *c) {
  const char *slash = strrchr(c->source->name, '/');
  return arena_printf(c->arena, "hrmc run %s --", slash ? slash + 1 : c->source->name);
}

static int run_main(struct compilation *c, struct jit *j) {
  const struct options *o = c->options;
  char **argv = arena_new_array(c->arena, char *, (size_t)o->rest_count + 2);
  argv[0] = program_name(c);
  for (int i = 0; i < o->rest_count; i++) argv[i + 1] = o->rest[i];
  const struct hrm_code code = {c->description, entry(j, "hrm_model_prepare"), entry(j, "hrm_model_forward"),
                                entry(j, "hrm_model_train"), entry(j, "hrm_model_trace")};
  return hrm_main(o->rest_count + 1, argv, &code);
}

int command_run(struct compilation *c, const char *path) {
  struct emitted object;
  const char *error = NULL;
  if (!compile_front(c, path) || !compile_graphs(c) || !compile_plan(c)) return 0;
  if (!compile_emit(c, EMIT_OBJECT, &object)) return 0;
  if (c->options->openblas && !jit_load_openblas()) error = "libopenblas.so.0 is not installed";
  struct jit *j = error ? NULL : jit_load(object.bytes, object.size, &error);
  emitted_free(&object);
  if (!j) {
    diag_report(c->diags, MSG_JIT_FAILED, (struct span){0}, error);
    return 0;
  }
  int code = run_main(c, j);
  jit_free(j);
  return code;
}

/* hrmc run FILE -- COMMAND…: the executable's commands on code that is compiled in memory; nothing is written. */
#include "commands.h"

#include "runtime/hrm_main.h"

#include <string.h>

/* What stands before the command of the executable, without folders: messages are told under this name. */
static char *program_name(struct compilation *c) {
  const char *slash = strrchr(c->source->name, '/');
  return arena_printf(c->arena, "hrmc run %s --", slash ? slash + 1 : c->source->name);
}

static int run_main(struct compilation *c, const struct hrm_code *code) {
  const struct options *o = c->options;
  char **argv = arena_new_array(c->arena, char *, (size_t)o->rest_count + 2);
  argv[0] = program_name(c);
  for (int i = 0; i < o->rest_count; i++) argv[i + 1] = o->rest[i];
  return hrm_main(o->rest_count + 1, argv, code);
}

int command_run(struct compilation *c, const char *path) {
  struct hrm_code code;
  if (!compile_front(c, path) || !compile_graphs(c) || !compile_plan(c)) return 0;
  return compile_load(c, &code) ? run_main(c, &code) : 0;
}

/* The beginning and the end of a compilation: messages, and what it owns. */
#include "blame.h"
#include "commands.h"
#include "suggest.h"

#include <stdlib.h>
#include <unistd.h>

static bool want_colour(void) {
  const char *no_colour = getenv("NO_COLOR");
  return isatty(STDERR_FILENO) && !(no_colour && *no_colour);
}

struct compilation compilation_begin(const struct options *o, struct guard *guard) {
  struct compilation c = {.arena = arena_new_guarded(guard), .options = o};
  c.diags = diags_new(c.arena);
  return c;
}

int compilation_report(struct compilation *c, const char *path) {
  suggestions_try(c, path);
  blame_defines(c, path);
  if (c->options->json_diagnostics)
    diag_print_json(c->diags, stderr);
  else
    diag_print(c->diags, stderr, want_colour());
  return diag_exit_code(c->diags);
}

void compilation_free(struct compilation *c) {
  if (!c->arena) return;
  arena_free(c->arena);
  engine_unload(c->engine, &c->loaded);
  engine_free(c->engine);
}

int compilation_end(struct compilation *c, const char *path) {
  int code = compilation_report(c, path);
  compilation_free(c);
  return code;
}

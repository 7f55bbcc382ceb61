#include "trial.h"

static void check(void *context) {
  struct trial *t = context;
  struct elaboration request;
  int count;
  if (!compile_parse(&t->c, t->path) || !compile_request(&t->c, &request)) return;
  if (elaborate_has_model(t->c.ast)) elaborate_model(&request);
  elaborate_tests(&request, &count);
}

bool trial_check(struct trial *t, const char *path, const struct options *options, const struct source *edited) {
  *t = (struct trial){.path = path};
  struct arena *a = arena_new_guarded(&t->guard);
  t->c = (struct compilation){.arena = a, .diags = diags_new(a), .options = options, .edited = edited};
  return guard_run(&t->guard, check, t);
}

void trial_close(struct trial *t) { arena_free(t->c.arena); }

#include "suggest.h"

#include "../source.h"

#include <string.h>

enum { MOST_TRIED = 8 };

static const struct source *edited(struct arena *a, const struct suggestion *s) {
  const struct source *old = s->place.source;
  const char *text = arena_printf(a, "%.*s%s%s", (int)s->place.begin, old->text, s->text, old->text + s->place.end);
  return source_from_text(a, old->name, text);
}

struct trial {
  struct compilation c;
  const char *path;
};

static void check(void *context) {
  struct trial *t = context;
  struct elaboration request;
  int count;
  if (!compile_parse(&t->c, t->path) || !compile_request(&t->c, &request)) return;
  if (elaborate_has_model(t->c.ast)) elaborate_model(&request);
  elaborate_tests(&request, &count);
}

/* Whether the file has no error in the range of the replaced text. */
static bool helps(const struct compilation *c, const char *path, const struct suggestion *s) {
  struct guard guard = {0};
  struct arena *a = arena_new_guarded(&guard);
  struct trial t = {{.arena = a, .diags = diags_new(a), .options = c->options, .edited = edited(a, s)}, path};
  uint32_t end = s->place.begin + (uint32_t)strlen(s->text);
  bool ok =
      guard_run(&guard, check, &t) && !diag_has_error_in(t.c.diags, (struct span){t.c.edited, s->place.begin, end});
  arena_free(a);
  return ok;
}

void suggestions_try(struct compilation *c, const char *path) {
  int tried = 0;
  for (int i = 0; i < diag_mark(c->diags); i++) {
    struct suggestion s = diag_suggestion(c->diags, i);
    if (!s.text || s.place.source->is_option) continue; /* its candidates are the configs there are */
    if (tried++ >= MOST_TRIED || !helps(c, path, &s)) diag_refute(c->diags, i);
  }
}

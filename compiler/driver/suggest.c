#include "suggest.h"

#include "../source.h"
#include "trial.h"

#include <string.h>

enum { MOST_TRIED = 8 };

static const struct source *edited(struct arena *a, const struct suggestion *s) {
  const struct source *old = s->place.source;
  const char *text = arena_printf(a, "%.*s%s%s", (int)s->place.begin, old->text, s->text, old->text + s->place.end);
  return source_from_text(a, old->name, text);
}

/* Whether the file has no error in the range of the replaced text. */
static bool helps(const struct compilation *c, const char *path, const struct suggestion *s) {
  struct trial t;
  const struct source *source = edited(c->arena, s);
  struct span range = {source, s->place.begin, s->place.begin + (uint32_t)strlen(s->text)};
  bool ok = trial_check(&t, path, c->options, source) && !diag_has_error_in(t.c.diags, range);
  trial_close(&t);
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

#include "diag_items.h"

#include <stdlib.h>
#include <string.h>

static const struct {
  const char *code, *format;
  enum severity severity;
} messages[] = {
#define MESSAGE(name, code, severity, format) {code, format, severity},
#include "messages.def"
#undef MESSAGE
};

static const struct {
  const char *word;
  int exit_code;
} severities[] = {
    [SEVERITY_WARNING] = {"warning", 0},    [SEVERITY_ERROR] = {"error", 1},
    [SEVERITY_USAGE] = {"error", 2},        [SEVERITY_LIMITATION] = {"not supported", 3},
    [SEVERITY_BUG] = {"internal error", 4}, [SEVERITY_SYSTEM] = {"error", 5},
};

const char *message_code(enum message message) { return messages[message].code; }
const char *message_format(enum message message) { return messages[message].format; }
enum severity message_severity(enum message message) { return messages[message].severity; }
const char *severity_word(enum severity severity) { return severities[severity].word; }

struct span span_join(struct span first, struct span last) {
  if (!first.source) return last;
  if (last.source != first.source) return first;
  if (last.begin < first.begin) first.begin = last.begin;
  if (last.end > first.end) first.end = last.end;
  return first;
}

struct diags *diags_new(struct arena *a) {
  struct diags *d = arena_new_object(a, struct diags);
  d->arena = a;
  return d;
}

static bool same_place(struct span a, struct span b) {
  return a.source == b.source && a.begin == b.begin && a.end == b.end;
}

static bool same_labels(const struct diag *x, const struct diag *earlier) {
  bool same = x->range_count <= earlier->range_count;
  for (int i = 0; same && i < x->range_count; i++) same = !strcmp(x->ranges[i].label, earlier->ranges[i].label);
  return same;
}

static bool was_reported(const struct diags *d, const struct diag *diagnostic) {
  for (int i = 0; i < d->count && d->items[i] != diagnostic; i++) {
    const struct diag *earlier = d->items[i];
    if (earlier->message == diagnostic->message && same_place(earlier->place, diagnostic->place) &&
        !strcmp(earlier->text, diagnostic->text) && same_labels(diagnostic, earlier))
      return true;
  }
  return false;
}

struct diag *diag_vreport(struct diags *d, enum message message, struct span place, va_list arguments) {
  struct diag *diagnostic = arena_new_object(d->arena, struct diag);
  diagnostic->message = message;
  diagnostic->place = place;
  diagnostic->text = arena_vprintf(d->arena, messages[message].format, arguments);
  diagnostic->is_repeated = was_reported(d, diagnostic);
  arena_push(d->arena, d->items, d->count, d->capacity, diagnostic);
  return diagnostic;
}

struct diag *diag_report(struct diags *d, enum message message, struct span place, ...) {
  va_list arguments;
  va_start(arguments, place);
  struct diag *diagnostic = diag_vreport(d, message, place, arguments);
  va_end(arguments);
  return diagnostic;
}

void diag_place_all(struct diags *d, struct span place) {
  for (int i = 0; i < d->count; i++)
    if (!d->items[i]->place.source && d->items[i]->message != MSG_INTERRUPTED) d->items[i]->place = place;
}

void diag_report_end(struct diags *d, const struct guard *guard) {
  switch (guard->cause) {
  case GUARD_INTERRUPT: diag_report(d, MSG_INTERRUPTED, (struct span){0}); break;
  case GUARD_BUG: diag_report(d, MSG_BUG, (struct span){0}, guard->text); break;
  case GUARD_MEMORY: diag_report(d, MSG_SYSTEM, (struct span){0}, guard->text); break;
  }
}

static void add_note(struct diags *d, struct diag *diagnostic, struct note note) {
  arena_push(d->arena, diagnostic->notes, diagnostic->note_count, diagnostic->note_capacity, note);
}

/* A range in another source than the diagnostic's cannot be in its excerpt, so it becomes a note. */
void diag_range(struct diags *d, struct diag *diagnostic, struct span place, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const char *label = arena_vprintf(d->arena, format, arguments);
  va_end(arguments);
  if (place.source && place.source == diagnostic->place.source) {
    struct mark mark = {place, label, false};
    arena_push(d->arena, diagnostic->ranges, diagnostic->range_count, diagnostic->range_capacity, mark);
    diagnostic->is_repeated = diagnostic->is_repeated && was_reported(d, diagnostic); /* not with other shapes */
  } else {
    add_note(d, diagnostic, (struct note){place, label});
  }
}

void diag_note(struct diags *d, struct diag *diagnostic, struct span place, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const char *text = arena_vprintf(d->arena, format, arguments);
  va_end(arguments);
  add_note(d, diagnostic, (struct note){place, text});
}

void diag_suggest(struct diags *d, struct diag *diagnostic, struct span place, const char *text) {
  (void)d;
  diagnostic->suggestion = (struct suggestion){place, text};
}

struct suggestion diag_suggestion(const struct diags *d, int number) {
  return d->items[number]->suggestion;
}

void diag_refute(struct diags *d, int number) { d->items[number]->suggestion.text = NULL; }

bool diag_has_error_in(const struct diags *d, struct span range) {
  for (int i = 0; i < d->count; i++) {
    const struct diag *x = d->items[i];
    bool is_in = x->place.source == range.source && x->place.begin >= range.begin && x->place.end <= range.end;
    if (is_in && messages[x->message].severity >= SEVERITY_ERROR) return true;
  }
  return false;
}

struct diag *diag_numbered(const struct diags *d, int number) {
  return d->items[number];
}

void diag_hide(struct diags *d, int number) { d->items[number]->is_repeated = true; }

bool diag_has_like(const struct diags *found, const struct diags *d, int number) {
  const struct diag *wanted = d->items[number];
  if (!wanted->place.source || messages[wanted->message].severity < SEVERITY_ERROR) return false;
  for (int i = 0; i < found->count; i++) {
    const struct diag *x = found->items[i];
    if (x->message == wanted->message && x->place.source && x->place.begin == wanted->place.begin &&
        x->place.end == wanted->place.end && !strcmp(x->place.source->name, wanted->place.source->name))
      return true;
  }
  return false;
}

int diag_mark(const struct diags *d) { return d->count; }

bool diag_points_into(const struct diag *diagnostic, const struct source *source) {
  bool found = diagnostic->place.source == source;
  for (int i = 0; i < diagnostic->note_count; i++) found |= diagnostic->notes[i].place.source == source;
  return found;
}

/* Whether a call says something new: the diagnostic stands outside of it, and no note is there. */
static bool is_news(const struct diag *x, struct span call) {
  bool is_known = x->place.source == call.source && x->place.begin >= call.begin && x->place.end <= call.end;
  for (int i = 0; i < x->note_count; i++) is_known |= same_place(x->notes[i].place, call);
  return !is_known;
}

void diag_note_since(struct diags *d, int mark, struct span place, const char *text) {
  enum { MOST_CALLS = 3 };
  for (int i = mark; place.source && i < d->count; i++) {
    struct diag *x = d->items[i];
    bool is_near = x->call_count < MOST_CALLS || !diag_points_into(x, place.source);
    if (!x->place.source || !is_near || !is_news(x, place)) continue;
    add_note(d, x, (struct note){place, text});
    x->call_count++;
  }
}

int diag_count(const struct diags *d, enum severity at_least) {
  int count = 0;
  for (int i = 0; i < d->count; i++)
    count += !d->items[i]->is_repeated && messages[d->items[i]->message].severity >= at_least;
  return count;
}

/* An error in the text of an option is one of the command line. */
static enum severity class_of(const struct diag *x) {
  enum severity severity = messages[x->message].severity;
  bool is_usage = severity == SEVERITY_ERROR && x->place.source && x->place.source->is_option;
  return is_usage ? SEVERITY_USAGE : severity;
}

int diag_item_exit_code(const struct diag *x) { return severities[class_of(x)].exit_code; }

int diag_exit_code(const struct diags *d) {
  enum severity worst = SEVERITY_WARNING;
  for (int i = 0; i < d->count; i++)
    if (class_of(d->items[i]) > worst) worst = class_of(d->items[i]);
  return severities[worst].exit_code;
}

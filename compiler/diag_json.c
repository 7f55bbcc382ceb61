/* Diagnostics as JSON, one object a line; the form stands in diag.h. */
#include "diag_items.h"
#include "source.h"

#include <jansson.h>
#include <string.h>

static json_t *place_json(const struct source *source, uint32_t byte) {
  struct position position = span_position((struct span){source, byte, byte});
  return json_pack("{s:i, s:i, s:i}", "line", position.line, "column", position.column, "byte", (int)byte);
}

/* Adds "file" and "range". */
static json_t *with_place(json_t *object, struct span place) {
  bool has_place = place.source != NULL;
  json_t *range = has_place ? json_pack("{s:o, s:o}", "start", place_json(place.source, place.begin), "end",
                                        place_json(place.source, place.end))
                            : json_null();
  json_object_set_new(object, "file", has_place ? json_string(place.source->name) : json_null());
  json_object_set_new(object, "range", range);
  return object;
}

static json_t *ranges_json(const struct diag *x) {
  json_t *list = json_array();
  for (int i = 0; i < x->range_count; i++)
    json_array_append_new(list, with_place(json_pack("{s:s}", "label", x->ranges[i].label), x->ranges[i].place));
  return list;
}

static json_t *notes_json(const struct diag *x) {
  json_t *list = json_array();
  for (int i = 0; i < x->note_count; i++)
    json_array_append_new(list, with_place(json_pack("{s:s}", "message", x->notes[i].text), x->notes[i].place));
  return list;
}

static json_t *suggestion_json(const struct suggestion *s) {
  return s->text ? with_place(json_pack("{s:s}", "replacement", s->text), s->place) : json_null();
}

static json_t *diagnostic_json(const struct diag *x) {
  enum severity severity = message_severity(x->message);
  json_t *object = json_pack("{s:s, s:i, s:s, s:s}", "severity", severity_word(severity), "exit_code",
                             diag_item_exit_code(x), "code", message_code(x->message), "message", x->text);
  with_place(object, x->place);
  json_object_set_new(object, "ranges", ranges_json(x));
  json_object_set_new(object, "notes", notes_json(x));
  json_object_set_new(object, "suggestion", suggestion_json(&x->suggestion));
  return object;
}

void diag_print_json(const struct diags *d, FILE *out) {
  for (int i = 0; i < d->count; i++) {
    if (d->items[i]->is_repeated) continue;
    json_t *object = diagnostic_json(d->items[i]);
    json_dumpf(object, out, JSON_COMPACT | JSON_PRESERVE_ORDER);
    fputc('\n', out);
    json_decref(object);
  }
}

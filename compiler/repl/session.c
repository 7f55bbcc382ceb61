#include "session.h"

#include "../lex.h"
#include "../source.h"
#include "interrupt_point.h"
#include "model.h"
#include "runtime/model.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a session without a file begins with. */
static const struct source library = {.name = "start", .text = "import nn", .length = sizeof "import nn" - 1};

static void *got(struct session *s, void *memory) {
  if (!memory) guard_end(&s->guard, GUARD_MEMORY, "out of memory: no room in the session");
  return memory;
}

char *session_copy(struct session *s, const char *text) { return text ? got(s, strdup(text)) : NULL; }

void *session_grown(struct session *s, void *items, int count, size_t size) {
  return got(s, realloc(items, (size_t)(count + 1) * size));
}

void session_open(struct session *s, const struct options *options) {
  *s = (struct session){.guard = {.interrupted = interrupt_point_noted}, .options = *options};
  int count = options->define_count;
  s->options.data = session_copy(s, options->data);
  s->options.defines = session_grown(s, NULL, count, sizeof *s->options.defines);
  for (int i = 0; i < count; i++) {
    const struct define *d = &options->defines[i];
    s->options.defines[i] = (struct define){session_copy(s, d->name), session_copy(s, d->value), d->place};
  }
}

static void source_free(struct source *source) {
  free((char *)source->name);
  free((char *)source->text);
}

void session_drop_unit(struct session *s, int i) {
  source_free(s->units[i].source);
  free(s->units[i].source);
  memmove(s->units + i, s->units + i + 1, (size_t)(--s->unit_count - i) * sizeof *s->units);
}

static void drop_field(struct session *s, int i) {
  free(s->fields[i].name);
  source_free(&s->fields[i].source);
  memmove(s->fields + i, s->fields + i + 1, (size_t)(--s->field_count - i) * sizeof *s->fields);
}

static void drop_held(struct session *s, int i) {
  free((char *)s->held[i].symbol.name);
  free(s->held[i].data);
  memmove(s->held + i, s->held + i + 1, (size_t)(--s->held_count - i) * sizeof *s->held);
}

void session_close(struct session *s) {
  model_drop(s);
  while (s->unit_count) session_drop_unit(s, s->unit_count - 1);
  while (s->field_count) drop_field(s, s->field_count - 1);
  while (s->held_count) drop_held(s, s->held_count - 1);
  for (int i = 0; i < s->parameter_count; i++) free(s->parameters[i].path), free(s->parameters[i].data);
  for (int i = 0; i < s->history_count; i++) free(s->history[i]);
  free(s->units);
  free(s->fields);
  free(s->held);
  free(s->parameters);
  free(s->history);
  for (int i = 0; i < s->options.define_count; i++) {
    free((char *)s->options.defines[i].name);
    free((char *)s->options.defines[i].value);
  }
  free(s->options.defines);
  free((char *)s->options.data);
  free(s->file);
  engine_free(s->engine);
}

static struct source owned_source(struct session *s, const char *name, const char *text) {
  return (struct source){.name = session_copy(s, name), .text = session_copy(s, text), .length = strlen(text)};
}

void session_add_unit(struct session *s, const struct source *text, bool is_file) {
  struct source *copy = session_grown(s, NULL, 0, sizeof *copy);
  *copy = owned_source(s, text->name, text->text);
  s->units = session_grown(s, s->units, s->unit_count, sizeof *s->units);
  s->units[s->unit_count++] = (struct unit){copy, is_file};
}

struct held *session_find_held(const struct session *s, const char *name) {
  for (int i = 0; i < s->held_count; i++)
    if (!strcmp(s->held[i].symbol.name, name)) return &s->held[i];
  return NULL;
}

void session_forget(struct session *s, const char *name) {
  struct held *h = session_find_held(s, name);
  if (h) drop_held(s, (int)(h - s->held));
  for (int i = s->field_count - 1; i >= 0; i--)
    if (!strcmp(s->fields[i].name, name)) drop_field(s, i);
}

static void session_hold(struct session *s, const char *name, const struct session_tensor *value) {
  size_t bytes = (size_t)type_bytes(&value->type);
  s->held = session_grown(s, s->held, s->held_count, sizeof *s->held);
  char *copy = session_copy(s, name);
  void *data = memcpy(got(s, malloc(bytes + 1)), value->data, bytes);
  session_forget(s, name);
  s->held[s->held_count++] = (struct held){{copy, ROLE_INPUT, value->type}, data};
}

static void add_field(struct session *s, const char *name, const char *text) {
  struct field field = {session_copy(s, name), owned_source(s, "prompt", text)};
  s->fields = session_grown(s, s->fields, s->field_count, sizeof *s->fields);
  session_forget(s, name);
  s->fields[s->field_count++] = field;
}

/* ---- parameters ---- */

static struct parameter_value *find_parameter(struct session *s, const char *path) {
  for (int i = 0; i < s->parameter_count; i++)
    if (!strcmp(s->parameters[i].path, path)) return &s->parameters[i];
  s->parameters = session_grown(s, s->parameters, s->parameter_count, sizeof *s->parameters);
  s->parameters[s->parameter_count] = (struct parameter_value){.path = session_copy(s, path)};
  return &s->parameters[s->parameter_count++];
}

static enum distribution distribution_of(enum init_kind kind) {
  switch (kind) {
  case INIT_TRUNC_NORMAL: return DISTRIBUTION_TRUNC_NORMAL;
  case INIT_NORMAL: return DISTRIBUTION_NORMAL;
  case INIT_UNIFORM: return DISTRIBUTION_UNIFORM;
  case INIT_CONSTANT: break;
  }
  return DISTRIBUTION_CONSTANT;
}

const float *session_parameter(struct session *s, const struct weight *w) {
  const struct type *type = &w->symbol->type;
  const float *trained = model_parameter(s, w->symbol->name, type);
  if (trained) return trained;
  struct parameter_value *p = find_parameter(s, w->symbol->name);
  if (p->data && type_equal(&p->type, type)) return p->data;
  int64_t count = type_elements(type);
  float *data = got(s, malloc((size_t)count * sizeof *data + 1));
  free(p->data);
  p->type = *type;
  p->data = data;
  weight_initialize(&(struct weight_info){.path = p->path,
                                          .shape = {.count = count},
                                          .init = distribution_of(w->init.kind),
                                          .init_scale = w->init.scale},
                    s->run.seed, 1, p->data);
  return p->data;
}

/* ---- declarations ---- */

static bool same_declaration(const struct decl *a, const struct decl *b) {
  bool named = a->kind != DECL_MODEL && a->kind != DECL_TRAIN && a->kind != DECL_TEST;
  if (!named || b->kind == DECL_MODEL || b->kind == DECL_TRAIN || b->kind == DECL_TEST) return a->kind == b->kind;
  return !strcmp(a->name.text, b->name.text);
}

static void merge(struct entry_run *r, struct ast_file *all, int *capacity, struct decl *d) {
  if (d->kind == DECL_TEST) return;
  for (int i = 0; i < all->count; i++)
    if (same_declaration(all->decls[i], d)) {
      all->decls[i] = d;
      return;
    }
  arena_push(r->c.arena, all->decls, all->count, *capacity, d);
}

static void merge_text(struct entry_run *r, struct ast_file *all, int *capacity, const struct source *text,
                       bool is_file) {
  const struct ast_file *file = parse_file(r->c.arena, r->c.diags, text);
  if (!all->source || is_file) all->source = file->source;
  for (int k = 0; k < file->count; k++) merge(r, all, capacity, file->decls[k]);
}

bool session_ast(struct entry_run *r) {
  struct session *s = r->session;
  struct ast_file *all = arena_new_object(r->c.arena, struct ast_file);
  int capacity = 0;
  for (int i = 0; !r->tries_file && i < s->unit_count; i++)
    if (!r->left_out || !unit_declares_only(r, &s->units[i], r->left_out))
      merge_text(r, all, &capacity, s->units[i].source, s->units[i].is_file);
  for (int i = 0; i < r->tried_count; i++) merge_text(r, all, &capacity, r->tried[i], r->tries_file);
  if (!all->source) all->source = r->typed;
  r->c.ast = all;
  r->c.source = all->source;
  return diag_exit_code(r->c.diags) == 0;
}

/* ---- the declarations as a text ---- */

static bool has_keyword(const char *text) { return !strncmp(text, "config", strlen("config")); }

char *declaration_text(struct arena *a, const struct decl *d) {
  char *text = span_text(a, d->span);
  return d->kind == DECL_CONFIG && !has_keyword(text) ? arena_printf(a, "config %s", text) : text;
}

/* What a declaration became, in its place: further configs of a line stand without the keyword. */
static const char *text_in_place(struct arena *a, const struct decl *before, const struct decl *now) {
  const char *text = declaration_text(a, now);
  bool bare = before->kind == DECL_CONFIG && !has_keyword(span_text(a, before->span));
  return bare ? text + strlen("config ") : text;
}

static const struct decl *find_same(const struct ast_file *file, const struct decl *d) {
  for (int i = 0; d->kind != DECL_TEST && i < file->count; i++)
    if (same_declaration(file->decls[i], d)) return file->decls[i];
  return NULL;
}

const char *session_text(struct entry_run *r) {
  struct arena *a = r->c.arena;
  const struct ast_file *all = r->c.ast, *file = parse_file(a, r->c.diags, all->source);
  const char *text = "", *source = all->source->text;
  uint32_t at = 0;
  for (int i = 0; i < file->count; i++) {
    const struct decl *d = file->decls[i], *now = find_same(all, d);
    if (!now || now->span.source == all->source) continue;
    text = arena_printf(a, "%s%.*s%s", text, (int)(d->span.begin - at), source + at, text_in_place(a, d, now));
    at = d->span.end;
  }
  text = arena_printf(a, "%s%s", text, source + at);
  for (int i = 0; i < all->count; i++)
    if (!find_same(file, all->decls[i])) text = arena_printf(a, "%s\n%s\n", text, declaration_text(a, all->decls[i]));
  return text;
}

const struct decl *session_model(const struct entry_run *r) {
  for (int i = 0; i < r->c.ast->count; i++)
    if (r->c.ast->decls[i]->kind == DECL_MODEL) return r->c.ast->decls[i];
  return NULL;
}

bool text_mentions(struct arena *a, struct span text, const char *name) {
  struct token_list list = lex_in(a, text);
  size_t length = strlen(name);
  for (int i = 0; i < list.count; i++) {
    const struct token *t = &list.tokens[i];
    if (t->kind == TOKEN_NAME && t->end - t->begin == length && !memcmp(text.source->text + t->begin, name, length))
      return true;
  }
  return false;
}

static bool mentions_model(struct entry_run *r, struct span text) {
  const struct decl *model = session_model(r);
  return model && text_mentions(r->c.arena, text, model->name.text);
}

struct session_names session_names(struct entry_run *r, bool with_model) {
  struct session *s = r->session;
  struct symbol **held = arena_new_array(r->c.arena, struct symbol *, (size_t)s->held_count + 1);
  struct session_field *fields = arena_new_array(r->c.arena, struct session_field, (size_t)s->field_count + 2);
  int count = 0;
  for (int i = 0; i < s->held_count; i++) {
    held[i] = arena_new_object(r->c.arena, struct symbol);
    *held[i] = s->held[i].symbol;
  }
  for (int i = 0; i < s->field_count; i++) {
    bool replaced = r->tried_field && !strcmp(r->tried_field->name, s->fields[i].name);
    struct span place = source_span(&s->fields[i].source);
    const struct expr *x = replaced ? NULL : parse_expression(r->c.arena, r->c.diags, place);
    if (x) fields[count++] = (struct session_field){s->fields[i].name, x};
  }
  if (r->tried_field) fields[count++] = *r->tried_field;
  return (struct session_names){held, s->held_count, fields, count, with_model};
}

bool session_elaborate(struct entry_run *r, struct span x, struct span wrt, struct answer *out) {
  struct elaboration request;
  const struct expr *e = parse_expression(r->c.arena, r->c.diags, x);
  const struct expr *by = e && wrt.source ? parse_expression(r->c.arena, r->c.diags, wrt) : NULL;
  if (!e || (wrt.source && !by) || !session_ast(r)) return false;
  struct session_names names = session_names(r, mentions_model(r, x) || (by && mentions_model(r, wrt)));
  return compile_request(&r->c, &request) && elaborate_expression(&request, &names, e, by, out);
}

/* ---- entries ---- */

void entry_begin(struct entry_run *r, struct session *s, const char *text) {
  struct arena *a = arena_new_guarded(&s->guard), *messages = arena_new_guarded(&s->guard);
  *r = (struct entry_run){
      .session = s,
      .messages = messages,
      .c = {.arena = a,
            .diags = diags_new(messages),
            .options = &r->options,
            .run = interrupt_point_run,
            .engine = s->engine},
      .typed = source_from_text(a, "prompt", text),
      .options = s->options,
  };
  r->c.source = r->typed;
}

void entry_run(struct entry_run *r, void (*work)(void *entry)) {
  if (!guard_run(&r->session->guard, work, r)) diag_report_end(r->c.diags, &r->session->guard);
}

/* Warnings are told by the commands that compile; at the prompt they would come with every entry. */
bool entry_end(struct entry_run *r) {
  struct session *s = r->session;
  int code = diag_exit_code(r->c.diags);
  s->engine = r->c.engine;
  fflush(stdout);
  diag_place_all(r->c.diags, r->place);
  if (code && s->options.json_diagnostics) diag_print_json(r->c.diags, stderr);
  if (code && !s->options.json_diagnostics) diag_print(r->c.diags, stderr, s->colour);
  if (code > s->exit_code) s->exit_code = code;
  model_discard(s, r->unfinished);
  arena_free(r->messages);
  arena_free(r->c.arena);
  return code == 0;
}

static bool print_answer(struct entry_run *r, const struct answer *a) {
  struct session_tensor value = {.data = NULL};
  if (a->text) return puts(a->text) >= 0;
  bool done = session_evaluate(r, a, &value, NULL, NULL);
  if (done) print_tensor(stdout, a->type, &value, r->session->print_full);
  return done;
}

static bool enter_expression(struct entry_run *r) {
  struct answer answer;
  return session_elaborate(r, source_span(r->typed), (struct span){0}, &answer) && print_answer(r, &answer);
}

/* The right side of `NAME = E` or `let NAME = E` where the entry is one, and the name; no source: it is none. */
static struct span assigned(struct entry_run *r, char **name) {
  struct token_list list = lex(r->c.arena, r->typed);
  int at = list.tokens[0].kind == TOKEN_LET;
  bool is = list.count > at + 2 && list.tokens[at].kind == TOKEN_NAME && list.tokens[at + 1].kind == TOKEN_ASSIGN;
  if (!is) return (struct span){0};
  *name = span_text(r->c.arena, (struct span){r->typed, list.tokens[at].begin, list.tokens[at].end});
  return (struct span){r->typed, list.tokens[at + 2].begin, (uint32_t)r->typed->length};
}

/* A field is kept when it can be made: every later entry makes it again. */
static bool enter_field(struct entry_run *r, const char *name, struct span right) {
  const struct session_field field = {name, parse_expression(r->c.arena, r->c.diags, right)};
  r->tried_field = &field;
  bool good = session_check(r);
  r->tried_field = NULL;
  if (good) add_field(r->session, name, span_text(r->c.arena, right));
  return good;
}

static bool enter_assignment(struct entry_run *r, const char *name, struct span right) {
  struct answer answer;
  struct session_tensor value = {.data = NULL};
  if (!session_elaborate(r, right, (struct span){0}, &answer)) return false;
  if (answer.is_instance) return enter_field(r, name, right);
  if (answer.text) {
    const char *text = arena_printf(r->c.arena, "let %s = %s", name, span_text(r->c.arena, right));
    return session_declare(r, source_from_text(r->c.arena, "prompt", text));
  }
  struct span place = {r->typed, (uint32_t)(strstr(r->typed->text, name) - r->typed->text), right.begin};
  place.end = place.begin + (uint32_t)strlen(name);
  if (!session_evaluate(r, &answer, &value, NULL, NULL)) return false;
  if (!session_give_way(r, name, place)) return false;
  session_hold(r->session, name, &value);
  return true;
}

static void assign(struct entry_run *r, const char *name, struct span right) {
  if (enter_assignment(r, name, right)) tell_kept_member(r, name);
}

static void dispatch(void *entry) {
  struct entry_run *r = entry;
  char *name = NULL;
  const char *first = r->typed->text + strspn(r->typed->text, " \t\r\n");
  if (*first == ':') {
    session_command(r);
    return;
  }
  if (!source_check_text(r->c.diags, r->typed)) return;
  struct span right = assigned(r, &name);
  bool declares = is_declaration(r->c.arena, r->typed);
  if (r->session->single && (right.source || declares))
    diag_report(r->c.diags, MSG_EVALUATE_NAME, r->place);
  else if (right.source)
    assign(r, name, right);
  else if (declares)
    session_declare(r, r->typed);
  else
    enter_expression(r);
}

static bool is_blank(const char *text) {
  for (; *text; text += strcspn(text, "\n") + (text[strcspn(text, "\n")] != 0)) {
    text += strspn(text, " \t\r");
    if (*text && *text != '\n' && *text != '#') return false;
  }
  return true;
}

static void remember(struct session *s, const char *text) {
  enum { MOST = 1000 };
  if (s->history_count == MOST) {
    free(s->history[0]);
    memmove(s->history, s->history + 1, (size_t)(--s->history_count) * sizeof *s->history);
  }
  s->history = session_grown(s, s->history, s->history_count, sizeof *s->history);
  size_t length = strlen(text);
  while (length && strchr(" \t\r\n", text[length - 1])) length--;
  s->history[s->history_count++] = got(s, strndup(text, length));
}

/* ---- files ---- */

static int64_t time_of(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 ? status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec : 0;
}

bool session_check(struct entry_run *r) {
  struct answer answer;
  struct span nothing = source_span(source_from_text(r->c.arena, "prompt", "0"));
  if (!session_elaborate(r, nothing, (struct span){0}, &answer)) return false;
  return !session_model(r) || compile_elaborate(&r->c);
}

static void take_file(struct entry_run *r, const char *path) {
  struct session *s = r->session;
  char *copy = session_copy(s, path);
  session_add_unit(s, r->tried[0], true);
  while (s->unit_count > 1) session_drop_unit(s, 0);
  free(s->file);
  s->file = copy;
  s->file_time = time_of(copy);
  model_outdate(s);
}

bool session_read(struct entry_run *r, const char *path) {
  const struct source *source = source_read(r->c.arena, r->c.diags, path);
  if (!source) return false;
  arena_push(r->c.arena, r->tried, r->tried_count, r->tried_capacity, source);
  r->tries_file = true;
  if (!session_check(r)) return false;
  take_file(r, path);
  return true;
}

void session_begin(struct session *s) { session_add_unit(s, &library, true); }

static void read_typed(void *entry) {
  struct entry_run *r = entry;
  session_read(r, r->typed->text);
}

bool session_load(struct session *s, const char *path) {
  struct entry_run r;
  entry_begin(&r, s, path);
  entry_run(&r, read_typed);
  return entry_end(&r);
}

/* Where it is asked for, a file that has changed is read again before an entry. */
static void reload_changed(struct session *s) {
  if (!s->watches || !s->file || time_of(s->file) == s->file_time) return;
  s->file_time = time_of(s->file);
  if (session_load(s, s->file)) printf("%s has changed: read again\n", s->file);
}

/* What was typed, without blanks around it. */
static struct span typed_place(const struct source *typed) {
  struct span place = source_span(typed);
  while (place.begin < place.end && strchr(" \t\r\n", typed->text[place.begin])) place.begin++;
  while (place.begin < place.end && strchr(" \t\r\n", typed->text[place.end - 1])) place.end--;
  return place;
}

bool session_enter_bytes(struct session *s, const char *text, size_t length) {
  struct entry_run r;
  if (!s->single && strlen(text) == length && is_blank(text)) return true;
  reload_changed(s);
  remember(s, text);
  entry_begin(&r, s, text);
  r.c.source = r.typed = source_from_bytes(r.c.arena, "prompt", text, length);
  r.place = typed_place(r.typed);
  entry_run(&r, dispatch);
  return entry_end(&r);
}

bool session_enter(struct session *s, const char *text) { return session_enter_bytes(s, text, strlen(text)); }

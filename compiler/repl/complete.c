/* What can stand at the end of a line: commands, configs, names of the session, of imports and of the model, files.
 */
#include "command.h"
#include "console.h"

#include "../library.h"
#include "../source.h"
#include "model.h"

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

struct words {
  struct session *session;
  const char *begun;
  char **items;
  int count;
};

static void offer(struct words *w, const char *word) {
  if (strncmp(word, w->begun, strlen(w->begun)) != 0) return;
  for (int i = 0; i < w->count; i++)
    if (!strcmp(w->items[i], word)) return;
  w->items = session_grown(w->session, w->items, w->count + 1, sizeof *w->items);
  w->items[w->count] = NULL;
  w->items[w->count] = session_copy(w->session, word);
  w->items[++w->count] = NULL;
}

/* After a prefix, such as that of `:set data=`. */
static void offer_files(struct words *w, const char *prefix) {
  glob_t found;
  char *pattern;
  if (asprintf(&pattern, "%s*", w->begun + strlen(prefix)) < 0) return;
  if (glob(pattern, GLOB_MARK, NULL, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; i++) {
      char *word;
      if (asprintf(&word, "%s%s", prefix, found.gl_pathv[i]) < 0) break;
      offer(w, word);
      free(word);
    }
    globfree(&found);
  }
  free(pattern);
}

/* A member's path, and those of the members of fields that are modules of the session. */
static const struct decl *find_module(const struct ast_file *file, const struct expr *value) {
  if (value->kind == EXPR_BINARY) return find_module(file, value->binary.left);
  if (value->kind != EXPR_CALL || value->call.callee->kind != EXPR_NAME) return NULL;
  for (int i = 0; i < file->count; i++)
    if (file->decls[i]->kind == DECL_MODULE && !strcmp(file->decls[i]->name.text, value->call.callee->name))
      return file->decls[i];
  return NULL;
}

static void offer_members(struct entry_run *r, struct words *w, const struct members *members, const char *path,
                          int depth) {
  for (int i = 0; i < members->count; i++) {
    const struct member *m = members->items[i];
    if (m->kind == MEMBER_IF) {
      offer_members(r, w, &m->branch.then, path, depth);
      offer_members(r, w, &m->branch.otherwise, path, depth);
      continue;
    }
    const char *name = m->kind == MEMBER_FN ? m->fn->name.text : m->kind == MEMBER_SEGMENT ? "segment" : m->name.text;
    if (!name) continue;
    const char *full = arena_printf(r->c.arena, "%s.%s", path, name);
    offer(w, full);
    const struct decl *module = m->kind == MEMBER_FIELD && depth < 4 ? find_module(r->c.ast, m->value) : NULL;
    if (module) offer_members(r, w, &module->module.members, full, depth + 1);
  }
}

static void offer_library(struct entry_run *r, struct words *w, const char *module, const char *prefix) {
  const char *text = stdlib_text(module);
  if (!text) return;
  const struct ast_file *file = parse_file(r->c.arena, r->c.diags, source_from_text(r->c.arena, module, text));
  for (int i = 0; i < file->count; i++) {
    const struct decl *d = file->decls[i];
    const char *name = d->kind == DECL_FN ? d->fn->name.text : d->kind == DECL_MODULE ? d->name.text : NULL;
    if (name) offer(w, arena_printf(r->c.arena, "%s%s", prefix, name));
  }
}

static void offer_declaration(struct entry_run *r, struct words *w, const struct decl *d) {
  switch (d->kind) {
  case DECL_FN: offer(w, d->fn->name.text); break;
  case DECL_IMPORT:
    offer(w, d->name.text);
    offer_library(r, w, d->name.text, arena_printf(r->c.arena, "%s.", d->name.text));
    break;
  case DECL_MODEL:
    offer(w, d->name.text);
    offer_members(r, w, &d->module.members, d->name.text, 0);
    break;
  case DECL_TRAIN:
  case DECL_TEST: break;
  default: offer(w, d->name.text); break;
  }
}

/* As the language has it: layers.0.mlp is layers[0].mlp. */
static const char *written_path(struct arena *a, const char *path) {
  char *text = arena_alloc(a, 2 * strlen(path) + 1), *to = text;
  for (bool index = false; *path || index; path += *path != 0) {
    bool ends = index && !isdigit((unsigned char)*path);
    if (ends) *to++ = ']', index = false;
    bool begins = *path == '.' && isdigit((unsigned char)path[1]);
    if (*path) *to++ = begins ? '[' : *path;
    index |= begins;
  }
  *to = '\0';
  return text;
}

/* Paths of parameters, those of the library's modules among them. */
static void offer_parameters(struct entry_run *r, struct words *w) {
  const struct span nothing = source_span(source_from_text(r->c.arena, "prompt", "0"));
  struct answer answer;
  if (!session_elaborate(r, nothing, (struct span){0}, &answer)) return;
  for (int i = 0; i < answer.weight_count; i++) offer(w, written_path(r->c.arena, answer.weights[i]->symbol->name));
  const struct decl *model = session_model(r);
  if (!model || !compile_elaborate(&r->c)) return;
  for (int i = 0; i < r->c.program->weight_count; i++)
    offer(w, arena_printf(r->c.arena, "%s.%s", model->name.text,
                          written_path(r->c.arena, r->c.program->weights[i]->symbol->name)));
}

static void offer_names(struct entry_run *r, struct words *w) {
  static const char *const keywords[] = {"config", "let", "fn", "module", "model", "train", "import", "test"};
  const struct session *s = r->session;
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) offer(w, keywords[i]);
  for (int i = 0; i < s->held_count; i++) offer(w, s->held[i].symbol.name);
  for (int i = 0; i < s->field_count; i++) offer(w, s->fields[i].name);
  offer_library(r, w, "prelude", "");
  if (!session_ast(r)) return;
  for (int i = 0; i < r->c.ast->count; i++) offer_declaration(r, w, r->c.ast->decls[i]);
  if (strchr(w->begun, '.')) offer_parameters(r, w);
}

static void offer_settings(struct entry_run *r, struct words *w) {
  if (!strncmp(w->begun, "data=", strlen("data="))) {
    offer_files(w, "data=");
    return;
  }
  static const char *const settings[] = {"data=", "batch=", "lr=", "seed=", "threads="};
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) offer(w, settings[i]);
  if (!session_ast(r)) return;
  for (int i = 0; i < r->c.ast->count; i++)
    if (r->c.ast->decls[i]->kind == DECL_CONFIG)
      offer(w, arena_printf(r->c.arena, "%s=", r->c.ast->decls[i]->name.text));
}

static const char *completes(const char *line) {
  size_t length = strcspn(line + 1, " ");
  for (int i = 0; i < command_count(); i++)
    if (strlen(command_rows[i].word) == length && !strncmp(command_rows[i].word, line + 1, length))
      return command_rows[i].completes;
  return "";
}

/* Where an index of a path, such as [0], begins that ends here; 0: none does. */
static size_t begin_of_index(const char *line, size_t end) {
  if (!end || line[end - 1] != ']') return 0;
  size_t at = end - 1;
  while (at && isdigit((unsigned char)line[at - 1])) at--;
  return at > 1 && at < end - 1 && line[at - 1] == '[' ? at - 1 : 0;
}

static size_t begin_of_word(const char *line, bool is_path) {
  size_t begin = strlen(line);
  while (begin && (isalnum((unsigned char)line[begin - 1]) || strchr("_.", line[begin - 1]) ||
                   begin_of_index(line, begin) || (is_path && line[begin - 1] != ' ')))
    begin = begin_of_index(line, begin) ? begin_of_index(line, begin) : begin - 1;
  return begin;
}

static void offer_commands(struct words *w, const char *before) {
  for (int i = 0; i < command_count(); i++) {
    char word[64];
    snprintf(word, sizeof word, "%s%s", before, command_rows[i].word);
    offer(w, word);
  }
}

struct completion {
  struct entry_run entry;
  const char *kind; /* a word of commands.def's, or "" */
  bool in_command;
  struct words words;
};

static void offer_all(void *completion) {
  struct completion *c = completion;
  if (c->in_command)
    offer_commands(&c->words, ":");
  else if (!strcmp(c->kind, "command"))
    offer_commands(&c->words, "");
  else if (!strcmp(c->kind, "file"))
    offer_files(&c->words, "");
  else if (!strcmp(c->kind, "setting"))
    offer_settings(&c->entry, &c->words);
  else if (!strcmp(c->kind, "expression"))
    offer_names(&c->entry, &c->words);
}

char **console_completions(struct session *s, const char *line, size_t *begin) {
  bool is_command = line[0] == ':', in_command = is_command && !strchr(line, ' ');
  const char *kind = is_command && !in_command ? completes(line) : "expression";
  bool is_path = !strcmp(kind, "file") || !strcmp(kind, "setting");
  *begin = in_command ? 0 : begin_of_word(line, is_path);
  struct completion c = {.kind = kind, .in_command = in_command, .words = {.session = s, .begun = line + *begin}};
  entry_begin(&c.entry, s, line);
  guard_run(&s->guard, offer_all, &c);
  c.entry.c.diags = diags_new(c.entry.messages);
  entry_end(&c.entry);
  return c.words.items;
}

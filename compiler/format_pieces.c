#include "format_pieces.h"

#include "ast_visit.h"

#include <string.h>

/* -- from the text -- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static void add_piece(struct pieces *p, uint32_t begin, uint32_t end, enum token_kind kind, bool is_comment) {
  const char *text = p->source->text;
  int breaks = p->count == 0;
  for (uint32_t at = p->count ? p->items[p->count - 1].end : begin; at < begin; at++) breaks += text[at] == '\n';
  struct piece piece = {.begin = begin, .end = end, .kind = kind, .is_comment = is_comment};
  piece.starts_line = breaks > 0;
  piece.after_blank = breaks > 1;
  while (is_comment && is_blank(text[piece.end - 1])) piece.end--;
  arena_push(p->arena, p->items, p->count, p->capacity, piece);
}

struct pieces pieces_of(struct arena *a, const struct ast_file *file) {
  struct token_list list = lex(a, file->source);
  struct pieces p = {.arena = a, .source = file->source};
  int comment = 0;
  for (int i = 0; i < list.count; i++) {
    const struct token *t = &list.tokens[i];
    for (; comment < list.comment_count && list.comments[comment].begin < t->begin; comment++)
      add_piece(&p, list.comments[comment].begin, list.comments[comment].end, TOKEN_END, true);
    if (t->kind != TOKEN_LINE_END && t->kind != TOKEN_END) add_piece(&p, t->begin, t->end, t->kind, false);
  }
  for (; comment < list.comment_count; comment++)
    add_piece(&p, list.comments[comment].begin, list.comments[comment].end, TOKEN_END, true);
  return p;
}

/* -- from the tree -- */

/* The first piece of the program at or behind an offset. */
static int piece_at(const struct pieces *p, uint32_t offset) {
  int low = 0, high = p->count;
  while (low < high) {
    int middle = (low + high) / 2;
    if (p->items[middle].begin < offset)
      low = middle + 1;
    else
      high = middle;
  }
  while (low < p->count && p->items[low].is_comment) low++;
  return low;
}

/* The last piece that begins before an offset. */
static int piece_before(const struct pieces *p, uint32_t offset) {
  int i = piece_at(p, offset) - 1;
  while (i > 0 && p->items[i].is_comment) i--;
  return i;
}

static void mark_tight(struct pieces *p, uint32_t offset) {
  int i = piece_at(p, offset);
  if (i < p->count) p->items[i].is_tight = true;
}

/* The bracket behind a name, if there is one. */
static void mark_bracket(struct pieces *p, uint32_t offset) {
  int i = piece_at(p, offset);
  bool is_bracket = i < p->count && (p->items[i].kind == TOKEN_LEFT_PAREN || p->items[i].kind == TOKEN_LEFT_BRACKET);
  if (is_bracket) p->items[i].is_tight = true;
}

static void mark_expr(void *context, const struct expr *e) {
  struct pieces *p = context;
  if (e->kind == EXPR_CALL) mark_bracket(p, e->call.callee->span.end);
  if (e->kind == EXPR_INDEX) mark_bracket(p, e->index.base->span.end);
  if (e->kind == EXPR_REDUCE) mark_bracket(p, e->reduce.reduction.span.end);
  if (e->kind == EXPR_UNARY && e->unary.op == UNARY_NEGATE) mark_tight(p, e->unary.operand->span.begin);
}

static void mark_type(void *context, const struct type_expr *type) {
  if (type->is_integer && type->rank) mark_tight(context, type->span.begin + 1);
}

static void mark_fn(void *context, const struct fn_decl *fn) {
  if (fn->name.text) mark_bracket(context, fn->name.span.end);
}

static void add_row(struct pieces *p, enum row_kind kind, struct span whole, uint32_t before_aligned) {
  struct row row = {kind, piece_at(p, whole.begin), piece_at(p, before_aligned), piece_before(p, whole.end)};
  if (p->items[row.first].starts_line && !p->items[row.aligned].starts_line)
    arena_push(p->arena, p->rows, p->row_count, p->row_capacity, row);
}

static void mark_stmt(void *context, const struct stmt *x) {
  if (x->kind == STMT_LET && x->bind.index_count) mark_bracket(context, x->bind.name.span.end);
  if (x->kind == STMT_OUTPUT) add_row(context, ROW_OUTPUT, x->span, x->bind.name.span.end);
}

static void mark_member(void *context, const struct member *m) {
  if (m->kind == MEMBER_FIELD) add_row(context, ROW_FIELD, m->span, m->name.span.end);
}

static void mark_decl(void *context, const struct decl *d) {
  if (d->kind == DECL_MODULE) mark_bracket(context, d->name.span.end);
  for (int i = 0; d->kind == DECL_TRAIN && i < d->train.count; i++)
    add_row(context, ROW_TRAIN, d->train.items[i].span, d->train.items[i].keyword.span.end);
}

void pieces_mark(struct pieces *p, const struct ast_file *file) {
  const struct ast_visitor visitor = {p, mark_expr, mark_type, mark_fn, mark_stmt, mark_member, mark_decl};
  ast_visit(&visitor, file);
}

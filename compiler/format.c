#include "format.h"

#include "format_pieces.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
  INDENTATION = 2,
  CONTINUATION = 4,      /* of a line that an operator at the end of the one before continues */
  COMMENT_DISTANCE = 2,  /* between code and the comment behind it, at least */
  WIDEST_COMMENTED = 72, /* a wider line keeps its comment to itself */
};

/* Columns that a piece takes. */
static int width(const struct pieces *p, const struct piece *x) {
  int columns = 0;
  for (uint32_t at = x->begin; at < x->end; columns++) at += (uint32_t)utf8_step(p->source->text + at, x->end - at);
  return columns;
}

/* -- lines -- */

/* What stands behind an opening brace: a comment may stay on its line. */
static int behind_brace(const struct pieces *p, int open) {
  bool has_comment = p->items[open + 1].is_comment && !p->items[open + 1].starts_line;
  return open + 1 + has_comment;
}

static void break_block(struct pieces *p, int open, int close) {
  bool is_long = false;
  for (int i = open + 1; i <= close; i++) is_long |= p->items[i].starts_line || p->items[i].is_comment;
  struct piece *first = &p->items[behind_brace(p, open)], *last = &p->items[close];
  first->starts_line = last->starts_line = is_long && close > open + 1;
  first->after_blank = last->after_blank = false;
}

/* The braces of a block of several lines end lines, and no empty line stands at them. */
static void break_blocks(struct pieces *p) {
  int *open = arena_new_array(p->arena, int, (size_t)p->count + 1), depth = 0;
  for (int i = 0; i < p->count; i++) {
    if (p->items[i].kind == TOKEN_LEFT_BRACE) open[depth++] = i;
    if (p->items[i].kind == TOKEN_RIGHT_BRACE) break_block(p, open[--depth], i);
  }
}

/* -- spaces within a line -- */

static int space_between(const struct piece *before, const struct piece *x, bool in_brackets) {
  enum token_kind left = before->kind, right = x->kind;
  if (x->is_comment) return COMMENT_DISTANCE;
  if (x->is_tight) return 0;
  if (right == TOKEN_COLON) return left == TOKEN_COMMA;
  if (right == TOKEN_RIGHT_PAREN || right == TOKEN_RIGHT_BRACKET || right == TOKEN_COMMA || right == TOKEN_SEMICOLON)
    return 0;
  if (left == TOKEN_LEFT_PAREN || left == TOKEN_LEFT_BRACKET) return 0;
  if (left == TOKEN_NUMBER && right == TOKEN_DOT) return 1; /* together they would be another number */
  if (left == TOKEN_DOT || right == TOKEN_DOT || left == TOKEN_RANGE || right == TOKEN_RANGE) return 0;
  if (left == TOKEN_COLON && in_brackets) return 0; /* a slice */
  return !(left == TOKEN_LEFT_BRACE && right == TOKEN_RIGHT_BRACE);
}

static void space_pieces(struct pieces *p) {
  bool *is_bracket = arena_new_array(p->arena, bool, (size_t)p->count + 1); /* of the open ( and [ */
  int depth = 0;
  for (int i = 0; i < p->count; i++) {
    struct piece *x = &p->items[i];
    if (i > 0 && !x->starts_line) x->spaces = space_between(x - 1, x, depth > 0 && is_bracket[depth - 1]);
    if (x->kind == TOKEN_LEFT_PAREN || x->kind == TOKEN_LEFT_BRACKET)
      is_bracket[depth++] = x->kind == TOKEN_LEFT_BRACKET;
    if (x->kind == TOKEN_RIGHT_PAREN || x->kind == TOKEN_RIGHT_BRACKET) depth--;
  }
}

/* -- rows -- */

static int width_before_aligned(const struct pieces *p, const struct row *row) {
  int columns = 0;
  for (int i = row->first; i < row->aligned; i++)
    columns += width(p, &p->items[i]) + (i > row->first ? p->items[i].spaces : 0);
  return columns;
}

/* Whether a row is the next line of the same list. */
static bool follows(const struct pieces *p, const struct row *row, const struct row *next) {
  int behind = row->last + 1;
  if (behind < p->count && p->items[behind].is_comment && !p->items[behind].starts_line) behind++;
  return next->kind == row->kind && next->first == behind && !p->items[behind].after_blank;
}

static void align_rows(struct pieces *p) {
  for (int first = 0, end; first < p->row_count; first = end) {
    int widest = width_before_aligned(p, &p->rows[first]);
    for (end = first + 1; end < p->row_count && follows(p, &p->rows[end - 1], &p->rows[end]); end++) {
      int columns = width_before_aligned(p, &p->rows[end]);
      if (columns > widest) widest = columns;
    }
    for (int i = first; i < end; i++)
      p->items[p->rows[i].aligned].spaces = 1 + widest - width_before_aligned(p, &p->rows[i]);
  }
}

/* -- columns -- */

/* An open ( or [: where lines within it and its closing end start. */
struct bracket {
  int inside, closing;
};

struct layout {
  struct pieces *pieces;
  struct bracket *brackets;
  int bracket_count;
  int depth;       /* of braces */
  int line_column; /* where the current line starts */
};

static const struct piece *code_before(const struct pieces *p, int i) {
  while (i > 0 && p->items[i - 1].is_comment) i--;
  return i > 0 ? &p->items[i - 1] : NULL;
}

static int first_column(const struct layout *l, int i) {
  const struct piece *x = &l->pieces->items[i], *before = code_before(l->pieces, i);
  const struct bracket *inner = l->bracket_count ? &l->brackets[l->bracket_count - 1] : NULL;
  if (inner) return x->kind == TOKEN_RIGHT_PAREN || x->kind == TOKEN_RIGHT_BRACKET ? inner->closing : inner->inside;
  bool is_continued = before && token_continues_line(before->kind);
  int depth = l->depth - (x->kind == TOKEN_RIGHT_BRACE);
  return INDENTATION * depth + (is_continued ? CONTINUATION : 0);
}

/* Lines within a bracket start behind it, or one step further in where nothing stands behind it. */
static struct bracket open_bracket(const struct layout *l, int i) {
  const struct piece *next = i + 1 < l->pieces->count ? &l->pieces->items[i + 1] : NULL;
  int column = l->pieces->items[i].column;
  if (next && (next->starts_line || next->is_comment))
    return (struct bracket){l->line_column + INDENTATION, l->line_column};
  return (struct bracket){column + 1, column};
}

static void nest(struct layout *l, int i) {
  switch (l->pieces->items[i].kind) {
  case TOKEN_LEFT_PAREN:
  case TOKEN_LEFT_BRACKET: l->brackets[l->bracket_count++] = open_bracket(l, i); break;
  case TOKEN_RIGHT_PAREN:
  case TOKEN_RIGHT_BRACKET: l->bracket_count--; break;
  case TOKEN_LEFT_BRACE: l->depth++; break;
  case TOKEN_RIGHT_BRACE: l->depth--; break;
  default: break;
  }
}

static void place_pieces(struct pieces *p) {
  struct layout l = {.pieces = p, .brackets = arena_new_array(p->arena, struct bracket, (size_t)p->count + 1)};
  for (int i = 0; i < p->count; i++) {
    struct piece *x = &p->items[i];
    if (x->starts_line)
      x->column = l.line_column = first_column(&l, i);
    else
      x->column = p->items[i - 1].column + width(p, &p->items[i - 1]) + x->spaces;
    nest(&l, i);
  }
}

/* -- comments behind code -- */

static void align_comments(struct pieces *p, int first, int end, int column) {
  for (int i = first; i < end; i++) {
    struct piece *x = &p->items[i];
    if (x->is_comment && !x->starts_line && x->column <= column) x->column = column;
  }
}

/* A paragraph ends at an empty line and at a line that is a comment. */
static void place_comments(struct pieces *p) {
  int first = 0, column = 0;
  for (int i = 0; i < p->count; i++) {
    const struct piece *x = &p->items[i];
    if (x->starts_line && (x->after_blank || x->is_comment)) {
      align_comments(p, first, i, column);
      first = i;
      column = 0;
    }
    bool is_behind = x->is_comment && !x->starts_line && x->column <= WIDEST_COMMENTED + COMMENT_DISTANCE;
    if (is_behind && x->column > column) column = x->column;
  }
  align_comments(p, first, p->count, column);
}

/* -- text -- */

static void write_piece(FILE *out, const struct pieces *p, int i, int *column) {
  const struct piece *x = &p->items[i];
  if (i > 0 && x->starts_line) {
    fputs(x->after_blank ? "\n\n" : "\n", out);
    *column = 0;
  }
  fprintf(out, "%*s", x->column - *column, "");
  fwrite(p->source->text + x->begin, 1, x->end - x->begin, out);
  *column = x->column + width(p, x);
}

static char *write_text(const struct pieces *p) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) arena_fail(p->arena, GUARD_MEMORY, "out of memory: no stream for the text of a file");
  int column = 0;
  for (int i = 0; i < p->count; i++) write_piece(out, p, i, &column);
  if (p->count) fputc('\n', out);
  fclose(out);
  char *copy = arena_strndup(p->arena, text, size);
  free(text);
  return copy;
}

char *format_file(struct arena *a, const struct ast_file *file) {
  struct pieces p = pieces_of(a, file);
  pieces_mark(&p, file);
  break_blocks(&p);
  space_pieces(&p);
  align_rows(&p);
  place_pieces(&p);
  place_comments(&p);
  return write_text(&p);
}

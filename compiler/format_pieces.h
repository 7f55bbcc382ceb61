/* Inside of the formatter: a text as a row of tokens and comments, each with what is known about its place. */
#ifndef HRMC_FORMAT_PIECES_H
#define HRMC_FORMAT_PIECES_H

#include "ast.h"
#include "lex.h"

struct piece {
  uint32_t begin, end; /* bytes of the source */
  enum token_kind kind;
  bool is_comment;
  bool starts_line;
  bool after_blank; /* an empty line stands before it */
  bool is_tight;    /* nothing stands between it and what is before: f(x), x[i], -x */
  int spaces;       /* before it, where it starts no line */
  int column;       /* from 0 */
};

/* A line of a list whose items are aligned: pieces [first, last], of which `aligned` starts at the common column. */
enum row_kind { ROW_FIELD, ROW_OUTPUT, ROW_TRAIN };
struct row {
  enum row_kind kind;
  int first, aligned, last;
};

struct pieces {
  struct arena *arena;
  const struct source *source;
  struct piece *items;
  int count, capacity;
  struct row *rows; /* in the order of the text */
  int row_count, row_capacity;
};

/* The pieces of a text, with its lines as the author broke them and nothing of the tree. */
struct pieces pieces_of(struct arena *a, const struct ast_file *file);

/* What the tree knows: is_tight, and the rows. */
void pieces_mark(struct pieces *p, const struct ast_file *file);

#endif

/* The syntax tree of one .hrm file, as parsed: names are not resolved, nothing is evaluated.
 *
 * Grammar: doc/language.md.  All nodes live in the compilation's arena and carry their span. */
#ifndef HRMC_AST_H
#define HRMC_AST_H

#include "diag.h"

enum expr_kind {
  EXPR_NUMBER,      /* 3, 1e-5 */
  EXPR_STRING,      /* "rope" */
  EXPR_NAME,        /* x */
  EXPR_FIELD,       /* nn.Linear, embed.weight */
  EXPR_CALL,        /* f(a, key = b) */
  EXPR_INDEX,       /* x[0], x[1:, :], score[i, j] */
  EXPR_UNARY,       /* -x, not x */
  EXPR_BINARY,      /* a + b, a @ b, a == b, a and b */
  EXPR_CONDITIONAL, /* a if c else b (c is known at compile time) */
  EXPR_LIST,        /* [a, b] */
  EXPR_TUPLE,       /* (a, b) */
  EXPR_REDUCE       /* sum[i, j] body: index notation, sum | max | min | mean */
};

enum binary_op {
  BINARY_ADD,
  BINARY_SUB,
  BINARY_MUL,
  BINARY_DIV,
  BINARY_MATMUL,
  BINARY_POWER,
  BINARY_EQ,
  BINARY_NE,
  BINARY_LT,
  BINARY_LE,
  BINARY_GT,
  BINARY_GE,
  BINARY_AND,
  BINARY_OR
};

enum unary_op { UNARY_NEGATE, UNARY_NOT };

struct argument {
  const char *name; /* NULL: positional */
  struct span name_span;
  struct expr *value;
};

/* One subscript: a single index (value), or a slice first:last:step whose parts may be NULL. */
struct subscript {
  struct span span;
  bool is_slice;
  struct expr *value;
  struct expr *first, *last, *step;
};

/* A part of a requirement's message: text, and a name behind it whose value is shown (NULL: none). */
struct message_part {
  const char *text;
  struct expr *name;
};

/* require condition, "heads = {heads}"; require kind in ["a", "b"]: what does not hold ends the compilation. */
struct requirement {
  struct expr *value; /* the condition, or what must be one of the choices */
  struct expr **choices;
  int choice_count; /* 0: a condition with a message */
  struct message_part *parts;
  int part_count;
};

/* A name with its place (index variables, left sides). */
struct ident {
  const char *text;
  struct span span;
};

struct expr {
  enum expr_kind kind;
  int height;       /* 1: no parts; the parser bounds it, so that a recursion over the tree ends */
  struct span span; /* with the parentheses around the expression */
  union {
    struct {
      double value;
      bool is_integer;
    } number;
    const char *string;
    const char *name;
    struct {
      struct expr *base;
      struct ident name;
    } field;
    struct {
      struct expr *callee;
      struct argument *arguments;
      int count;
    } call;
    struct {
      struct expr *base;
      struct subscript *subscripts;
      int count;
    } index;
    struct {
      enum unary_op op;
      struct expr *operand;
    } unary;
    struct {
      enum binary_op op;
      struct span op_span;
      struct expr *left, *right;
    } binary;
    struct {
      struct expr *condition, *then, *otherwise;
    } conditional;
    struct {
      struct expr **items;
      int count;
    } list; /* EXPR_LIST and EXPR_TUPLE */
    struct {
      struct ident reduction;
      struct ident *indices;
      int count;
      struct expr *body;
    } reduce;
  };
};

/* [S, D], int[S] < bound, int < bound, float; no type written: NULL pointer. */
struct type_expr {
  struct span span;
  bool is_integer;
  struct expr **dims; /* expressions; in a fn an unbound name is a dimension variable */
  int rank;
  struct expr *bound; /* exclusive upper bound of integers, or NULL */
};

enum stmt_kind {
  STMT_LET,    /* let x = e, let score[i, j] = e */
  STMT_VAR,    /* var x = e */
  STMT_ASSIGN, /* x = e */
  STMT_RETURN, /* return e */
  STMT_FOR,    /* for layer in layers { }, unrolled at compile time */
  STMT_IF,     /* if c { } else { }, decided at compile time */
  STMT_REPEAT, /* repeat n grad last 1 { } */
  STMT_OUTPUT, /* output logits = e (in a segment) */
  STMT_ASSERT, /* assert e (in a test) */
  STMT_REQUIRE /* require condition, "message" */
};

enum horizon_kind { HORIZON_LAST, HORIZON_ALL, HORIZON_NONE };

struct block {
  struct stmt **stmts;
  int count;
};

struct stmt {
  enum stmt_kind kind;
  struct span span;
  union {
    struct {
      struct ident name;
      struct ident *indices;
      int index_count;
      struct type_expr *type;
      struct expr *value;
    } bind;
    struct expr *value; /* return, assert */
    struct requirement *require;
    struct {
      struct ident name;
      struct expr *over;
      struct block body;
    } loop;
    struct {
      struct expr *condition;
      struct block then, otherwise;
    } branch;
    struct {
      struct expr *trips;
      enum horizon_kind horizon;
      bool is_checkpoint;
      struct span horizon_span;
      struct expr *last;
      struct block body;
    } repeat;
  };
};

struct parameter { /* of a fn or a module */
  struct ident name;
  struct type_expr *type; /* NULL: a compile-time value */
  struct expr *value;     /* default, or NULL */
};

struct fn_decl {
  struct ident name; /* text NULL: the call of a module */
  struct parameter *parameters;
  int count;
  struct type_expr *result; /* may be NULL */
  struct block body;
};

enum member_kind {
  MEMBER_LET,     /* let n = e */
  MEMBER_FIELD,   /* lm_head = nn.Linear(…) */
  MEMBER_PARAM,   /* param weight: [out, in] ~ init [if condition] */
  MEMBER_BUFFER,  /* buffer H_init: [D] ~ init */
  MEMBER_FN,      /* fn (…) … or fn name(…) … */
  MEMBER_INCLUDE, /* include nn.PuzzleInput(…) */
  MEMBER_IF,      /* if c { members } else { members } */
  MEMBER_REQUIRE, /* require condition, "message" */
  MEMBER_INPUT,   /* model only: input inputs: int[S] < V */
  MEMBER_LABEL,   /* model only */
  MEMBER_STATE,   /* model only: state z: [S, D] = init */
  MEMBER_NOISE,   /* model only: noise e: [S, D] */
  MEMBER_SEGMENT, /* model only */
  MEMBER_LOSS,    /* model only: loss e */
  MEMBER_ACT      /* model only: act q_learning(…) */
};

struct members {
  struct member **items;
  int count;
};

struct member {
  enum member_kind kind;
  struct span span;
  struct ident name; /* let, field, param, buffer, input, label, state */
  union {
    struct expr *value; /* let, field, include, loss, act */
    struct {
      struct type_expr *type;
      struct expr *init;
      struct expr *condition;
    } tensor; /* param … state; init after ~ or = */
    struct fn_decl *fn;
    struct requirement *require;
    struct {
      struct expr *condition;
      struct members then, otherwise;
    } branch;
    struct block segment;
  };
};

/* One line of a train block: a keyword, its value, and what it is for ("optimizer sign_sgd(…) for puzzle_emb"). */
struct train_item {
  struct span span;
  struct ident keyword; /* optimizer, schedule, batch, ema, clip, … */
  struct expr *value;
  struct expr **targets; /* names and field paths */
  int target_count;
};

enum decl_kind { DECL_IMPORT, DECL_CONFIG, DECL_LET, DECL_FN, DECL_MODULE, DECL_MODEL, DECL_TRAIN, DECL_TEST };

struct decl {
  enum decl_kind kind;
  struct span span;
  struct ident name; /* import, config, let, module, model; test: its title */
  union {
    struct {
      struct expr *value;
      struct expr **choices;
      int choice_count;
    } config;           /* value NULL: bound from outside */
    struct expr *value; /* let */
    struct fn_decl *fn;
    struct {
      struct parameter *parameters;
      int count;
      struct members members;
    } module; /* module and model */
    struct {
      struct train_item *items;
      int count;
    } train;
    struct block test;
  };
};

struct ast_file {
  const struct source *source;
  struct decl **decls; /* a `config a = 1, b = 2` line makes one decl each, in order */
  int count;
  struct span *comments; /* in order of place, for the formatter */
  int comment_count;
};

/* Parses a source.  Reports errors to d and goes on at the next line or declaration; returns a tree (possibly
 * partial) always, so that several errors show in one run. */
struct ast_file *parse_file(struct arena *a, struct diags *d, const struct source *source);

/* One expression alone, which is a part of a text (the value of a -D, what is typed behind a command).  NULL after an
 * error. */
struct expr *parse_expression(struct arena *a, struct diags *d, struct span place);

/* The tree as indented text, one node a line. */
void ast_print(const struct ast_file *file, FILE *out);

#endif

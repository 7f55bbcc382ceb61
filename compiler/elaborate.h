/* Elaboration: from syntax trees to a checked program.
 *
 * One walk evaluates what is known at compile time (configs, dimensions, modules, `if`, `for`), checks names and
 * shapes, and appends graph nodes for what is known only at run time.  Every mistake is reported with its place;
 * several independent ones in one run. */
#ifndef HRMC_ELABORATE_H
#define HRMC_ELABORATE_H

#include "ast.h"
#include "program.h"

/* NAME=VALUE from -D or from a data set. */
struct binding {
  const char *name;
  const char *value;
  struct span place; /* for messages: where the user gave it */
  bool from_data;    /* a data set's value is ignored where no config has the name */
};

/* Loads imported files by name ("nn"): the user's folder first, then the library inside hrmc.  NULL: no such file. */
typedef const struct source *import_fn(void *context, const char *name);

struct elaboration {
  struct arena *arena;
  struct diags *diags;
  const struct ast_file *file;
  const struct binding *bindings;
  int binding_count;
  import_fn *import;
  void *import_context;
  enum dtype precision; /* the program's: f32 or bf16 */
  bool shows_operands;  /* of asserts, for tests that failed */
};

/* The file's model as a program whose graphs have no batch axis yet; NULL after an error (reported). */
struct program *elaborate_model(const struct elaboration *e);

/* Whether the file has a model, or a train block, which needs one. */
bool elaborate_has_model(const struct ast_file *file);
bool elaborate_has_tests(const struct ast_file *file);

/* gradcheck(f, x): the gradient of a fixed weighted sum of f's result at x. */
struct gradient_check {
  struct graph *graph;     /* stores `loss`, and holds it as LOSS */
  struct symbol *argument; /* ROLE_ROWS, f64: x */
  struct symbol *loss;     /* ROLE_OUTPUT, f64 [] */
  struct symbol *gradient; /* ROLE_OUTPUT of x's type: where the gradient goes */
  const double *values;    /* x */
  struct span place;
};

/* What an assert compares, where it is a comparison or `near`: outputs of the test's graph. */
struct assert_operands {
  struct symbol *held;         /* f32: 1 where an element holds; NULL: no comparison */
  struct symbol *left, *right; /* f64, of the shape of `held` or without leading axes of it */
};

/* One `test` block. */
struct test_case {
  const char *title;
  struct span place;
  struct graph *graph;     /* stores one f32 [] per assert: 1 where it holds */
  struct symbol **asserts; /* ROLE_OUTPUT */
  struct span *places;
  struct assert_operands *operands; /* NULL unless they were asked for */
  int count;
  struct gradient_check *checks;
  int check_count;
};

/* All test blocks of the file, *count of them; NULL after an error (reported). */
struct test_case *elaborate_tests(const struct elaboration *e, int *count);

/* What a session knows beside the declarations of its file: tensors under names, and names of module instances. */
struct session_names {
  struct symbol *const *held; /* ROLE_INPUT, in order of definition */
  int held_count;
  const struct session_field {
    const char *name;
    const struct expr *value; /* a module with its arguments; parameters begin with the name */
  } * fields;
  int field_count;
  bool with_model; /* the file's model is an instance under its name */
};

/* An expression of a session. */
struct answer {
  const char *text;        /* a value that is known at compile time, as written; NULL: a tensor */
  const char *type;        /* of any value: "[S, D] = [81, 512]", "a function" */
  bool is_instance;        /* a module with its arguments */
  struct graph *graph;     /* of a tensor: stores `result`, and is differentiated where `gradient` is not NULL */
  struct symbol *result;   /* ROLE_OUTPUT */
  struct symbol *gradient; /* ROLE_OUTPUT; it follows `argument` in the tables of the runtime */
  struct symbol *argument; /* ROLE_ROWS: held, or a weight */
  struct weight **weights; /* of all instances; their symbols are ROLE_INPUT but for `argument` */
  int weight_count;
};

/* Elaborates x among the file's declarations; with `wrt` (a held value or a weight) x must be a scalar and is
 * differentiated. False after an error (reported). */
bool elaborate_expression(const struct elaboration *e, const struct session_names *names, const struct expr *x,
                          const struct expr *wrt, struct answer *out);

#endif

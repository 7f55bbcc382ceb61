/* Inside of elaboration: values, scopes and the functions that the elab_*.c files share.
 *
 * A value is either known at compile time (number, string, module, …) or a tensor: a node of the graph under
 * construction.
 *
 * Lifting.  A function is elaborated for its core shapes.  When arguments have extra leading axes, these form a
 * *frame* that is hidden from the body: a tensor's node has first the axes of its frames (in order of nesting), then
 * its core. Operations join the frames of their operands; on return the innermost frame becomes visible again. */
#ifndef HRMC_ELAB_H
#define HRMC_ELAB_H

#include "elaborate.h"

/* A dimension: its number, and its name as a reader knows it ("seq_len", "prefix + seq_len") or NULL. */
struct dim {
  int64_t size;
  const char *name;
};

struct tensor_value {
  struct node *node;
  uint32_t frames; /* bit k: the axes of frame k lead the node's shape */
  int rank;        /* of the core */
  struct dim dim[GRAPH_MAX_RANK];
};

enum value_kind_elab {
  KIND_ERROR, /* something reported already: swallows what is done with it */
  KIND_NUMBER,
  KIND_STRING,
  KIND_TENSOR,
  KIND_WEIGHT,   /* a param or buffer: becomes a leaf where it is used */
  KIND_LIST,     /* [a, b] and module lists; also (a, b) */
  KIND_FUNCTION, /* fn with its scope */
  KIND_BUILTIN,
  KIND_CONSTRUCTOR, /* a module's name */
  KIND_TEMPLATE,    /* a module with its arguments: becomes an instance when a field takes it and gives it a path */
  KIND_INSTANCE,
  KIND_NAMESPACE, /* an import */
  KIND_INIT,      /* an initialiser */
  KIND_ABSENT     /* a conditional parameter whose condition is false */
};

struct value_list {
  const struct val **items;
  int count;
  struct span place; /* where it is written; no source: it is not */
};

struct val {
  enum value_kind_elab kind;
  union {
    struct {
      double value;
      const char *name;
    } number;
    const char *string;
    struct tensor_value tensor;
    struct {
      struct weight *weight;
      struct tensor_value shape;
    } weight; /* shape.node unused */
    struct value_list list;
    struct {
      const struct fn_decl *decl;
      struct scope *scope;
    } function;
    const struct builtin *builtin;
    struct {
      const struct decl *decl;
      struct scope *scope;
    } constructor;
    struct {
      const struct decl *decl;
      struct scope *scope;
      struct scope *arguments;
      struct span call;
    } template;
    struct {
      struct scope *members;
      const struct val *call;
      const char *path;
      const char *name;
    } instance; /* call: function or NULL */
    struct {
      struct scope *members;
      const char *name;
    } space;
    struct init init;
  };
};

struct entry {
  const char *name;
  const struct val *value;
  struct span span;
  struct span given; /* of a parameter: its argument; no source: the default, or no parameter */
  bool is_mutable;
  bool is_state;             /* of the model */
  bool is_used, is_assigned; /* as elab_names.c sees it */
  struct entry *next;
};

struct scope {
  struct scope *parent;
  struct entry *entries; /* newest first */
  bool is_loop;          /* the body of a repeat or a for */
  bool is_repeat;        /* of a repeat */
};

struct frame {
  int rank;
  int64_t extent[GRAPH_MAX_RANK];
  struct dim dim[GRAPH_MAX_RANK];
};

enum { ELAB_ORIGINS = 1024, ELAB_MAX_FRAMES = 24, ELAB_MAX_DEPTH = 200, ELAB_MAX_STEPS = 500000 };

struct import {
  const char *name;
  const struct val *space;
  struct import *next;
};

/* A statement's place as text, "file:line:column". */
struct origin {
  struct span place;
  const char *text;
};

struct elab {
  const struct elaboration *request;
  struct arena *arena;
  struct diags *diags;
  struct graph *graph;
  struct program *program;
  int weight_capacity, tensor_capacity, group_capacity, config_capacity;
  struct frame frame[ELAB_MAX_FRAMES];
  int frame_count;
  struct origin origins[ELAB_ORIGINS]; /* by offset, the latest of each */
  int depth;                           /* of calls */
  const void *endless;    /* the function or module whose calls were found not to end: it is not entered again */
  int64_t steps;          /* expressions elaborated; calls and loops in one another can multiply to any number */
  int64_t copies;         /* how often the train graph will hold the repeat body under construction; 0: unrecorded */
  int64_t copy_count;     /* of the bodies of all repeats in the graph */
  struct span call;       /* of the function or module whose body is elaborated; no source: none */
  struct span member;     /* where the user's file makes the module whose members are elaborated */
  bool lacks_members;     /* a member of the model has an error: paths of parameters may be missing */
  bool no_gradient;       /* repeats record nothing, whatever they say */
  enum dtype float_dtype; /* of float values: f32, but f64 in a gradient check */
  struct import *imports;
  const struct ast_file *library; /* nn, read for the names that unknown ones are compared with; NULL: not yet */
  struct scope *prelude;
  struct index_space *indices; /* index notation being elaborated, or NULL (elab_notation.h) */
  bool *binding_used;
  const struct val **binding_values; /* of each binding: the config that it gave; NULL: it gave none */
  struct segment_outputs *outputs;   /* where `output` statements go (elab_model.c), or NULL */
  struct trace *trace;               /* of the graph that shows the steps of a segment (elab_trace.c), or NULL */
  struct test_builder *test;         /* where `assert` statements go (elab_test.c), or NULL */
};

/* elab_value.c */
extern const struct val val_error;
const struct val *val_number(struct elab *e, double value, const char *name);
const struct val *val_string(struct elab *e, const char *text);
const struct val *val_tensor(struct elab *e, struct tensor_value t);
struct val *val_list(struct elab *e, const struct val **items, int count);
bool val_is_error(const struct val *v);
bool val_is_whole(const struct val *v);
const char *val_describe(struct elab *e, const struct val *v); /* "a number", "a tensor [S, 4] = [81, 4]" */
const char *number_text(struct elab *e, double value);
const char *constant_text(struct elab *e, const struct val *v); /* a number or a string, as in a message */
bool same_constant(const struct val *a, const struct val *b);
const char *dims_text(struct elab *e, const struct dim *dim, int rank); /* "[seq_len, hidden] = [81, 512]" */
/* As a type is written, with its numbers: "int[S] = int[81]", "[S, D] = [81, 512]", "float". */
const char *written_type(struct elab *e, const struct tensor_value *shape, bool is_integer);
const char *code_text(struct elab *e, struct span span); /* the source between two places, on one line, shortened */

struct scope *scope_new(struct elab *e, struct scope *parent);
struct entry *scope_find_here(const struct scope *s, const char *name);
struct entry *scope_find(const struct scope *s, const char *name);
/* Defines a name; a second definition in one scope is reported. */
struct entry *scope_define(struct elab *e, struct scope *s, struct ident name, const struct val *value);
void scope_put(struct elab *e, struct scope *s, const char *name, const struct val *value); /* made by the compiler */
struct diag *report_unknown_name(struct elab *e, const struct scope *s, const char *name, struct span place);

/* elab_expr.c; after ELAB_MAX_STEPS, which is reported, every expression is an error */
const struct val *elab_expr(struct elab *e, struct scope *s, const struct expr *x);
bool elab_is_exhausted(const struct elab *e);
bool elab_number(struct elab *e, struct scope *s, const struct expr *x, const char *what, double *out);
bool elab_whole(struct elab *e, struct scope *s, const struct expr *x, const char *what, int64_t *out,
                const char **name);
/* The truth of a compile-time condition; false and *ok = false after an error. */
bool elab_condition(struct elab *e, struct scope *s, const struct expr *x, const char *what, bool *ok);
/* A tensor from any value that can be one (number, weight, nested list); an error is reported. */
bool elab_as_tensor(struct elab *e, const struct val *v, struct span place, struct tensor_value *out);
/* That a whole number fits a tensor of integers; else it is reported. */
bool check_integer(struct elab *e, const struct val *v, struct span place);
struct tensor_value tensor_constant(struct elab *e, enum dtype dtype, double value);

/* elab_tensor.c: operations on tensors with frames */
struct node *tensor_align(struct elab *e, const struct tensor_value *t, uint32_t frames);
int frames_rank(const struct elab *e, uint32_t frames);
struct tensor_value tensor_make(struct node *node, uint32_t frames, int rank, const struct dim *dim);
struct operand {
  const struct val *value;
  const struct expr *expr;
};
/* Of operands that are brought to one shape (equal, scalar, or lifted over leading axes) and one dtype. */
const struct val *tensor_elementwise(struct elab *e, struct scope *s, enum scalar_op op, struct operand *operands,
                                     int count, struct span place);
/* Whether a tensor with these frames and core is within the limits of rank and size; else reports it. */
bool tensor_fits(struct elab *e, uint32_t frames, int rank, const struct dim *dim, struct span place);
/* Core axes repeated in front: shape = leading dims + t. */
struct tensor_value tensor_lead(struct elab *e, const struct tensor_value *t, const struct dim *dim, int rank);
void diag_operand_shape(struct elab *e, struct diag *d, struct scope *s, const struct operand *o);

/* elab_subscript.c */
const struct val *elab_subscript(struct elab *e, struct scope *s, const struct expr *x);
struct tensor_value tensor_take(struct elab *e, const struct tensor_value *t, int axis, int64_t index);
/* Rows of a table by an integer tensor, the first subscript of x; handles sparse tables. */
const struct val *tensor_gather(struct elab *e, const struct val *table, const struct tensor_value *index,
                                const struct expr *x);

/* elab_notation.c: index notation */
const struct val *elab_indexed_let(struct elab *e, struct scope *s, const struct stmt *stmt);
/* Whether the condition of a conditional depends on an index; it is reported. */
bool reports_index(struct elab *e, const struct expr *x);
const struct val *elab_index_reduce(struct elab *e, struct scope *s, const struct expr *x);

/* elab_call.c */
struct bound_argument {
  const struct val *value;
  const struct expr *expr;
};
const struct val *elab_call(struct elab *e, struct scope *s, const struct expr *x);
void report_not_callable(struct elab *e, const struct expr *x, const struct val *v, const char *what);
const struct val *call_function(struct elab *e, const struct val *f, struct bound_argument *arguments,
                                struct span place);
const char *function_name(const struct val *f);
/* Defines a parameter in the scope of a call. */
void define_parameter(struct elab *e, struct scope *s, const struct parameter *p, const struct bound_argument *a,
                      const struct val *value);
void check_parameters(struct elab *e, const struct parameter *parameters, int count); /* that no name stands twice */
/* The number of the parameter that argument `position` of `total` is for; -1 after an error. */
int argument_index(struct elab *e, const struct argument *a, const char *callee, const char *const *names, int count,
                   int position, int total);
void report_missing_argument(struct elab *e, struct span call, const char *callee, const struct parameter *p);
/* Puts the call's arguments in the order of the parameters; absent ones have value NULL. False after an error. */
bool bind_arguments(struct elab *e, struct scope *s, const struct expr *call, const char *callee,
                    const char *const *names, int count, struct bound_argument *out);
/* Resolves a written type: dims; unbound plain names become dimension variables in `s` when bind_from is given. */
bool elab_type(struct elab *e, struct scope *s, const struct type_expr *t, struct tensor_value *out);

/* elab_builtin.c */
const struct builtin *builtin_find(const char *name);
const char *builtin_name(const struct builtin *b);
const struct val *builtin_call(struct elab *e, struct scope *s, const struct builtin *b, const struct expr *call);
int builtin_names(const char **names, int capacity);

/* elab_module.c */
const struct val *elab_template(struct elab *e, struct scope *s, const struct val *constructor,
                                const struct expr *call);
const struct val *instantiate(struct elab *e, const struct val *v, const char *path);
bool elab_members(struct elab *e, struct scope *s, const struct members *members, const char *path,
                  const struct val **call);

/* elab_stmt.c: runs statements; *result is set when a return was reached */
void elab_block(struct elab *e, struct scope *s, const struct block *b, const struct val **result);

/* elaborate.c: the state of one elaboration, with the prelude */
struct elab *elab_begin(const struct elaboration *request);
/* elaborate.c: later nodes go to a new graph; is_recorded: a loss is differentiated through its repeats. */
void elab_new_graph(struct elab *e, const char *name, bool is_recorded);

/* elab_file.c: declarations of a file */
struct scope *elab_file(struct elab *e, const struct ast_file *file, bool is_main);
const struct val *elab_import(struct elab *e, const char *name, struct span place);
struct scope *elab_prelude(struct elab *e);

/* elab_model.c (see also elab_model.h) and elab_train.c */
struct output {
  const char *name;
  struct span span;
  struct tensor_value value;
};
struct segment_outputs {
  struct scope *scope; /* of the segment's statements */
  struct output *items;
  int count, capacity;
};
void segment_output(struct elab *e, struct scope *s, const struct stmt *stmt, const struct val *value);
/* s: the scope of the model's members. */
void elab_train(struct elab *e, struct scope *s, const struct decl *train);

/* elab_trace.c: steps that can be shown.  Does nothing while e->trace is NULL. */
struct trace {
  const struct scope *segment; /* of the segment's statements */
  struct entry steps;          /* how many were made: carried by every repeat */
  const struct val *limit;     /* how many may be made */
  struct entry **variables;    /* of the segment that steps assign, states among them */
  int count, capacity;
};
struct trace *trace_new(struct elab *e, const struct val *limit);
/* Whether a repeat that is opened here has to carry the count. */
bool trace_is_on(const struct elab *e);
/* The value that an assignment leaves: where it is a step, the old one once the limit is reached.  `before`: the
 * count before the value was elaborated. */
const struct val *trace_assigned(struct elab *e, struct scope *s, const struct stmt *x, struct entry *entry,
                                 const struct val *value, const struct val *before);

/* elab_names.c: names alone, in all of a file whose declarations are known. */
void elab_names(struct elab *e, struct scope *file_scope, const struct ast_file *file);

/* elab_require.c: whether a requirement holds; if not, it is reported at the call that does not fulfil it. */
bool elab_requirement(struct elab *e, struct scope *s, const struct requirement *r, struct span place);

/* elab_test.c */
void test_assert(struct elab *e, struct scope *s, const struct stmt *stmt);
void elab_test_block(struct elab *e, struct scope *file, const struct decl *decl, struct test_case *out);

#endif

/* The graph: a tensor program in SSA form with static shapes.
 *
 * A graph is a list of nodes in order of execution; a `repeat` node holds a nested region.  Before the pass `batch`,
 * every shape is that of one example; after it, values that depend on an example have a leading axis of extent
 * EXTENT_BATCH, whose length is known only at run time.  Nothing else is dynamic.
 *
 * Values of bf16 are held, not computed with: casts, views, concat, pad, gather, contractions, repeats, leaves and
 * stores take them, other operators take what a cast makes of them.  A cast to bf16 rounds to the nearest, ties to
 * even.
 *
 * A pass never changes a graph: it reads one and builds another, all in one arena.  The graph knows neither the
 * parser nor the code generator.  Text form: see graph_text.h. */
#ifndef HRMC_GRAPH_H
#define HRMC_GRAPH_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { GRAPH_MAX_RANK = 8, GRAPH_MAX_LABELS = 24 };
#define EXTENT_BATCH INT64_C(-1)

/* ROUNDED: a value of bf16 as the f32 equal to it; of plans alone (plan_widen). */
enum dtype { DTYPE_F32, DTYPE_F64, DTYPE_BF16, DTYPE_ROUNDED, DTYPE_I32 };

struct type {
  enum dtype dtype;
  int rank;
  int64_t extent[GRAPH_MAX_RANK];
};

enum scalar_op {
#define SCALAR(name, text, arity) SCALAR_##name,
#include "ops.def"
#undef SCALAR
  SCALAR_COUNT
};

enum reduction { REDUCE_SUM, REDUCE_MAX, REDUCE_MIN };

/* What a symbol is to the runtime.  PARAM and BUFFER are weights, shared by all examples; all others are per example.
 */
enum role {
  ROLE_PARAM,  /* trained */
  ROLE_BUFFER, /* in the checkpoint, not trained */
  ROLE_ROWS,   /* rows of a sparse table, looked up by the runtime; `accumulate` into it gives the rows' gradient */
  ROLE_INPUT,
  ROLE_LABEL,
  ROLE_NOISE,   /* standard normal numbers in training, zeros otherwise */
  ROLE_STATE,   /* carried from segment to segment; read at the start, stored at the end */
  ROLE_CONTROL, /* set by the runtime, see runtime/hrm.h */
  ROLE_OUTPUT   /* stored by the program */
};

struct symbol {
  const char *name; /* path of a param or buffer; unique within its program */
  enum role role;
  struct type type; /* without the batch axis */
};

#define GRAPH_OPS(OP)                                                                                                   \
  /* name, text, operands (-1: any number) */                                                                           \
  OP(CONST, "const", 0)       /* scalar [] of any dtype; attribute value */                                             \
  OP(IOTA, "iota", 0)         /* i32 [n]: 0, 1, … n-1 */                                                              \
  OP(LEAF, "leaf", 0)         /* value of a symbol at the start of the program */                                       \
  OP(MAP, "map", -1)          /* scalar op, elementwise; operands of equal shape */                                     \
  OP(REDUCE, "reduce", 1)     /* over the axes of the mask; they vanish from the shape */                               \
  OP(CONTRACT, "contract", 2) /* einsum: sum over labels that the result lacks; no label twice in one operand. Where    \
                                 one operand is bf16, one of f32 is rounded to it on use; products are summed in f32    \
                                 and the result is f32 or bf16 (rounded once) */                                        \
  OP(GATHER, "gather", 2) /* table [N, rest…], index i32 [lead…] -> [lead…, rest…]; index clamped to 0…N-1 */ \
  OP(SCATTER, "scatter", 2) /* index i32 [lead…], rows [lead…, rest…] -> [N, rest…]: rows summed by index */    \
  OP(RESHAPE, "reshape", 1) /* row-major order kept */                                                                  \
  OP(TRANSPOSE, "transpose", 1) /* axes[i]: which operand axis becomes result axis i */                                 \
  OP(SLICE, "slice", 1)         /* along axis: from, from + step, …; size from the result type */                     \
  OP(PAD, "pad", 1)             /* zeros around: result[from + step * i] = operand[i] along axis */                     \
  OP(CONCAT, "concat", -1)      /* along axis */                                                                        \
  OP(BROADCAST, "broadcast", 1) /* axes[i]: where operand axis i lies in the result (increasing); others repeat */      \
  OP(DETACH, "detach", 1)       /* the operand; no gradient passes */                                                   \
  OP(BARRIER, "barrier", 1)     /* the operand; what is computed from it is computed anew, not shared */                \
  OP(REPEAT, "repeat", -1)      /* operands: initial carries; body with CARRY nodes and results; trips times */         \
  OP(CARRY, "carry", 0)         /* in a body: carry number `index` */                                                   \
  OP(RESULT, "result", 1)       /* of a repeat: final value of carry number `index` */                                  \
  /* sinks: no result (type rank 0 f32, never used) */                                                                  \
  OP(STORE, "store", 1) /* write a state or output */                                                                   \
  OP(ACCUMULATE, "accumulate",                                                                                          \
     1) /* add to the gradient of a param (summed over calls); of ROWS: write it (one sink) */                          \
  OP(ACCUMULATE_ROWS, "accumulate_rows",                                                                                \
     2)               /* index i32 [lead…], rows [lead…, rest…]: add to rows of a param's gradient */             \
  OP(LOSS, "loss", 1) /* what `grad` differentiates: f32 or f64, one value an example; removed by it */

enum op {
#define OP(name, text, arity) OP_##name,
  GRAPH_OPS(OP)
#undef OP
      OP_COUNT
};

enum { HORIZON_NOTHING = 0, HORIZON_EVERYTHING = -1 };

struct node {
  int id; /* unique in its graph, increasing in order of creation */
  enum op op;
  struct type type;
  struct node **operand;
  int arity;
  union {
    double value;          /* CONST */
    enum scalar_op scalar; /* MAP */
    struct {
      enum reduction kind;
      uint32_t axes;
    } reduce; /* REDUCE: bit i set: axis i is reduced */
    struct {
      int8_t left[GRAPH_MAX_RANK], right[GRAPH_MAX_RANK], result[GRAPH_MAX_RANK];
    } contract;                  /* label ids 0…23 */
    int8_t axes[GRAPH_MAX_RANK]; /* TRANSPOSE, BROADCAST */
    struct {
      int axis;
      int64_t from, step;
    } range;               /* SLICE, PAD; CONCAT: axis alone */
    struct symbol *symbol; /* LEAF, STORE, ACCUMULATE, ACCUMULATE_ROWS */
    struct {
      int64_t trips;
      int64_t last;       /* trips that are differentiated, or HORIZON_… */
      bool is_checkpoint; /* the differentiated trips keep their carries alone; `grad` computes the rest again */
      struct region *body;
    } repeat;
    int index; /* CARRY, RESULT */
  };
  const char *origin; /* where it comes from in the source, "file:line:column", or NULL */
};

struct region {
  struct node **nodes; /* in order of execution; CARRY nodes stand in carries alone */
  int count, capacity;
  struct node **carries; /* of a repeat body */
  struct node **results; /* of a repeat body: new value of each carry */
  int carry_count;
  struct region *parent; /* NULL at the top */
};

struct graph {
  const char *name; /* "forward", "train", … */
  struct arena *arena;
  struct region *top;
  struct region *cursor; /* builders append here */
  int next_id;
  const char *origin; /* given to new nodes */
};

struct graph *graph_new(struct arena *a, const char *name);

/* Builders: append a node at the cursor and return it.  Types are inferred; an operand that does not fit is a bug of
 * the caller: the process aborts with both types. */
struct node *graph_const(struct graph *g, enum dtype dtype, double value);
struct node *graph_iota(struct graph *g, int64_t n);
struct node *graph_leaf(struct graph *g, struct symbol *symbol, struct type type);
struct node *graph_map(struct graph *g, enum scalar_op op, struct node *const *operands, int count);
struct node *graph_map1(struct graph *g, enum scalar_op op, struct node *x);
struct node *graph_map2(struct graph *g, enum scalar_op op, struct node *x, struct node *y);
struct node *graph_select(struct graph *g, struct node *condition, struct node *x, struct node *y);
struct node *graph_cast(struct graph *g, enum dtype dtype, struct node *x); /* x itself where it has the dtype */
struct node *graph_reduce(struct graph *g, enum reduction kind, uint32_t axes, struct node *x);
/* labels as in einsum: "sd,vd->sv"; any letters */
struct node *graph_contract(struct graph *g, const char *labels, struct node *x, struct node *y);
struct node *graph_contract_ids(struct graph *g, const int8_t *left, const int8_t *right, const int8_t *result,
                                int result_rank, struct node *x, struct node *y);
/* The same with a result of bf16 where dtype says so: for operands of bf16. */
struct node *graph_contract_as(struct graph *g, enum dtype dtype, const int8_t *left, const int8_t *right,
                               const int8_t *result, int result_rank, struct node *x, struct node *y);
struct node *graph_gather(struct graph *g, struct node *table, struct node *index);
struct node *graph_scatter(struct graph *g, struct node *index, struct node *rows, int64_t n);
struct node *graph_reshape(struct graph *g, struct node *x, int rank, const int64_t *extent);
struct node *graph_transpose(struct graph *g, struct node *x, const int8_t *axes);
struct node *graph_slice(struct graph *g, struct node *x, int axis, int64_t from, int64_t step, int64_t size);
struct node *graph_pad(struct graph *g, struct node *x, int axis, int64_t from, int64_t step, int64_t size);
struct node *graph_concat(struct graph *g, struct node *const *parts, int count, int axis);
/* axes: as for OP_BROADCAST */
struct node *graph_broadcast(struct graph *g, struct node *x, const int8_t *axes, int rank, const int64_t *extent);
/* Repeats a scalar, or a value along new leading axes, to the given shape (x's shape must be its suffix). */
struct node *graph_broadcast_leading(struct graph *g, struct node *x, int rank, const int64_t *extent);
struct node *graph_detach(struct graph *g, struct node *x);
struct node *graph_barrier(struct graph *g, struct node *x);
struct node *graph_store(struct graph *g, struct symbol *symbol, struct node *x);
struct node *graph_accumulate(struct graph *g, struct symbol *symbol, struct node *x);
struct node *graph_accumulate_rows(struct graph *g, struct symbol *symbol, struct node *index, struct node *rows);
struct node *graph_loss(struct graph *g, struct node *x);

/* Opens a repeat: the cursor moves into its body, whose carries are body->carries.  Close it with the new values of
 * the carries; the cursor moves back.  Then graph_result() gives the final values. */
struct node *graph_repeat_open(struct graph *g, int64_t trips, int64_t last, struct node *const *initial, int count);
void graph_repeat_close(struct graph *g, struct node *repeat, struct node *const *results);
struct node *graph_result(struct graph *g, struct node *repeat, int index);

/* Appends a copy of node n of another graph (or of this one) with new operands, attributes kept (a repeat: not
 * allowed). */
struct node *graph_copy_node(struct graph *g, const struct node *n, struct node *const *operands);

bool op_is_sink(enum op op);
bool contract_is_twin(const struct node *n, const struct node *other); /* the same contraction of the same operands */
const char *op_text(enum op op);
const char *scalar_text(enum scalar_op op);
int scalar_arity(enum scalar_op op);
const char *dtype_text(enum dtype dtype);
int dtype_size(enum dtype dtype);
bool dtype_is_bf16(enum dtype dtype);               /* are its values those of bf16: BF16, ROUNDED */
double dtype_round(enum dtype dtype, double value); /* to the nearest value of f32 or bf16; of others: as it is */

struct type type_make(enum dtype dtype, int rank, const int64_t *extent);
struct type
type_batched(const struct type *t); /* with a leading batch axis; a rank beyond the maximum is the caller's bug */
bool type_equal(const struct type *a, const struct type *b);
bool type_same_shape(const struct type *a, const struct type *b);
bool type_is_batched(const struct type *t);                   /* axis 0 is EXTENT_BATCH */
int64_t type_elements(const struct type *t);                  /* of one example: the batch axis counts as 1 */
int64_t type_bytes(const struct type *t);                     /* likewise */
const char *type_text(struct arena *a, const struct type *t); /* "f32[B, 82, 512]" */

/* Checks every rule above (types, order, regions, sinks).  Returns NULL, or what is wrong, naming the node. */
const char *graph_verify(struct arena *a, const struct graph *g);

#endif

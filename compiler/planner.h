/* What the files of the planner share; private to them.
 *
 * One planner makes one function of one graph, in four steps: facts (who uses a node), fuse (which nodes make a
 * kernel together: groups), then, group by group in their order of execution, layout and kernels, and memory at last.
 *
 *   analysis.c     facts about nodes; through views to what they show
 *   fuse.c         nodes to groups                   group.c        groups, their order, merging
 *   siblings.c     groups that read the same values
 *   chain.c        groups that run head by head     chain_plan.c   their kernels
 *   layout.c       where values lie                  view.c         the algebra of strides
 *   nest.c         a group to a loop nest            nest_shape.c   its axes: order, collapse, passes
 *   contraction.c  a contraction to its kernel       copy.c         copies, fills, packed weights
 *   pack.c         copies of weights, by blocks      memory.c       offsets of buffers
 */
#ifndef HRMC_PLANNER_H
#define HRMC_PLANNER_H

#include "plan.h"

/* ---- memory ---- */

/* A piece of memory.  In the arena it gets its offset last (memory.c); elsewhere it has it from the start. */
struct buffer {
  enum space space;
  int io;
  int64_t offset;  /* bytes */
  int64_t bytes;   /* for a whole tile */
  bool is_local;   /* of a chain: the same for all heads and blocks of rows */
  int first, last; /* steps that touch it, numbered in the order of the text; last -1: none */
};

/* How a value lies in a buffer. */
struct view {
  struct buffer *buffer;
  struct type type;               /* shape and dtype of the value */
  int64_t offset;                 /* elements */
  int64_t stride[GRAPH_MAX_RANK]; /* elements; 0 along axes that repeat */
};

/* A dense array with its axes in the given order, outermost first (NULL: as they are). */
struct view view_dense(struct buffer *buffer, const struct type *type, const int8_t *order);

/* Puts an axis of extent 1 into an order of `count` axes, before its successor: a concat may make it longer.  To be
 * called with such axes from the last to the first. */
void order_insert(int8_t *order, int count, int axis);

/* The result of view operator n, given how its operand lies.  False: a reshape that strides cannot express. */
bool view_forward(const struct node *n, const struct view *operand, struct view *result);

/* How the operand of n must lie so that the result of n lies as given.  False: not possible. */
bool view_backward(const struct node *n, const struct view *result, struct view *operand);

/* Elements from, from + step, … along an axis, as many as part has. */
struct view view_slice(const struct view *whole, int axis, int64_t from, int64_t step, const struct type *part);

bool view_same_place(const struct view *a, const struct view *b);

/* ---- facts about nodes ---- */

struct group;

/* What is known of a node, by id. */
struct facts {
  struct region *region; /* where it stands */
  struct node **users;   /* a repeat uses its initial values and the results of its body */
  int user_count, user_capacity;
  int cheapness; /* 0: not cheap; else 1 + the number of scalar operators that recomputing it takes */

  struct group *group;         /* what computes it, or NULL */
  int8_t axis[GRAPH_MAX_RANK]; /* the group's axis for each axis of the node's type; -1: extent 1 */
  bool is_stored;              /* its value is needed in memory */
  bool has_view;
  struct view view;       /* where it lies, once known */
  struct group **readers; /* of a leaf or carry: the groups of its region that read it */
  int reader_count, reader_capacity;
};

/* Facts of all nodes of a graph (regions, users, cheapness), by id. */
struct facts *analyse(struct arena *a, const struct graph *g);

bool op_is_view(enum op op);

/* Is the value always recomputed where it is used: constants, iotas and a few simple operators on them? */
bool is_cheap(const struct facts *facts, const struct node *n);

/* A value at a point: the node, and for each of its axes the number of the axis (of whatever space) that runs along
 * it; -1 for extents of 1. */
struct element {
  struct node *node;
  int8_t axis[GRAPH_MAX_RANK];
};

/* Does it only give a value of bf16 more bytes?  Each kernel does so as it loads. */
bool is_widening(const struct node *n);

/* Goes through transposes, broadcasts and changes of extents of 1, which only rename axes, and widening. */
struct element resolve(struct node *n, const int8_t *axis);

/* resolve() for a node of a space made of the node's own axes. */
struct element resolve_own(struct node *n);

/* Operands from this one on are evaluated at each point; those before it are indices, read by row. */
int first_element_operand(const struct node *n);

/* The space over which a node is evaluated: its own, or that of what it reduces or stores. */
const struct type *space_of(const struct node *n);
int reduced_axis(const struct node *n); /* -1: not a reduction */

/* The node whose memory a view shows: through all views. */
struct node *storage_of(struct node *n);

/* ---- groups ---- */

enum group_kind { GROUP_LOOP, GROUP_CONTRACT, GROUP_ASSEMBLE /* concat, pad */, GROUP_REPEAT, GROUP_CHAIN };

/* Nodes that become one kernel. */
struct group {
  enum group_kind kind;
  int number; /* among the planner's groups */
  struct region *region;
  struct group *merged; /* into this one; NULL: not merged */
  int rank;             /* LOOP: its space, extents above 1 or the batch */
  int64_t extent[KERNEL_MAX_AXES];
  int pass_axis;
  struct node **members; /* computed values and sinks */
  int count, capacity;
  struct node **recomputed; /* values of other groups that this one computes again */
  int recomputed_count, recomputed_capacity;
  struct group **before, **after; /* groups that must run earlier; those that wait for this one */
  int before_count, before_capacity, after_count, after_capacity;
  int latest;                /* the largest id of a node that it computes or waits for */
  int stamp;                 /* of the last search that saw it */
  struct chain_group *chain; /* CHAIN: its parts, which are merged into it (chain.h) */
};

struct planner;

struct group *group_new(struct planner *p, enum group_kind kind, struct region *region);
void group_add(struct planner *p, struct group *g, struct node *n);
struct group *group_find(struct group *g);                             /* after merging */
struct group *group_of(const struct planner *p, const struct node *n); /* NULL: none */
void group_order(struct planner *p, struct group *before, struct group *after);
bool group_depends(struct planner *p, struct group *g, struct group *on); /* directly or not; g on itself: true */

void group_make_later(struct group *g, int latest); /* it waits for this node, and all that wait for it do */
void group_sort(struct group *g);                   /* its members in the order of the graph */

/* Moves all of `other` into g; axis[i] is g's axis for the other's axis i. */
void group_merge(struct planner *p, struct group *g, struct group *other, const int8_t *axis);

/* The groups of a region in order of execution, each with its members in order. */
struct group **group_schedule(struct planner *p, struct region *r, int *count);

/* ---- the planner ---- */

struct access_place { /* where a buffer's offset must be added at the end */
  struct access *access;
  struct buffer *buffer;
};

/* Kernels of a chain in the making; their steps have no numbers yet. */
struct pending {
  struct pending_kernel {
    struct kernel *kernel;
    struct buffer **buffers;
    int count;
  } * kernels;
  int count, capacity;
};

struct step_list {
  struct step *steps;
  int count, capacity;
};

struct step_range {
  int first, last;
};

/* What all functions of a plan share: weights, and what `pack` and `prepare` write. */
struct shared {
  struct arena *arena;
  const struct program *program;
  const struct machine *machine;
  int64_t tile, bytes;     /* bytes: extent of SPACE_SHARED so far */
  struct buffer **weights; /* by number of the weight */
  struct buffer **gradients;
  struct buffer **tensors;
  struct shared_value {
    struct symbol *symbol;
    struct buffer *buffer;
  } * values;
  int value_count, value_capacity;
  struct packed {
    const char *key;
    struct buffer *buffer;
  } * packed; /* copies of weights, and tables */
  int packed_count, packed_capacity;
  struct planner *prepare;  /* takes the steps that make shared values, but for: */
  struct step_list *copies; /* by number of the weight: steps that make its packed copies and read nothing else */
};

struct planner {
  struct arena *arena;
  struct shared *shared;
  const struct graph *graph;
  struct facts *facts;
  struct group **groups;
  int group_count, group_capacity;
  int stamp;
  struct node **late_stores; /* STOREs that no kernel could take: copies at the end */
  int late_count, late_capacity;
  struct step_list *steps; /* being filled */
  int step_number;
  const char *origin;            /* given to new kernels */
  struct chain_group *chain;     /* being planned, or NULL */
  const struct chain_part *part; /* of it; kernels of its nodes go to `pending`, copies to `steps` */
  struct pending *pending;
  struct buffer **buffers; /* of the arena */
  int buffer_count, buffer_capacity;
  struct access_place *places;
  int place_count, place_capacity;
  struct step_range *repeats;
  int repeat_count, repeat_capacity;
};

static inline struct facts *facts_of(const struct planner *p, const struct node *n) { return &p->facts[n->id]; }

/* ---- passes before planning ---- */

/* Lowers what kernels do not have: reductions over several axes, degenerate contractions (to products and sums),
 * repeats of one trip; moves what a repeat does not change out of it. */
struct graph *plan_split(const struct graph *g);

/* Values of bf16 as f32 rounded to it: all where the machine has no products of pairs, else factors of products of
 * two activations. */
struct graph *plan_widen(const struct graph *g, const struct machine *machine);

/* Parts the graphs: what depends on weights alone goes to `prepare`, which stores it under new symbols (OUTPUT) that
 * are leaves of the others. */
struct hoisted {
  struct graph *prepare, *forward, *train, *trace; /* trace: NULL where there is none */
  struct symbol **symbols;
  int symbol_count, symbol_capacity;
};
struct hoisted plan_hoist(struct arena *a, const struct program_graphs *graphs);

/* ---- steps of planning one function ---- */

void plan_fuse(struct planner *p);
void plan_region(struct planner *p, struct region *r); /* groups to kernels, appended to p->steps */
void plan_late_stores(struct planner *p);
void plan_memory(struct planner *p, struct function *f);

/* fuse.c */
bool is_inline(const struct planner *p, const struct node *n); /* evaluated in each kernel that uses it */
bool is_member(const struct planner *p, const struct node *n, const struct group *g); /* a value of g's space */
bool is_recomputed(const struct node *n, const struct group *g);
/* siblings.c: merges groups of a region that read the same values. */
void merge_siblings(struct planner *p, const struct region *r);
/* A loop group's axes along the space of a member. */
void member_axes(const struct planner *p, const struct node *n, const struct group *g, int8_t *axis);
/* The accumulate sink of a param that is the only use of a contraction; NULL: none. */
struct node *sink_of_contraction(const struct planner *p, const struct node *n);

/* layout.c */
struct view view_of(struct planner *p, struct node *n); /* may append copies for a reshape */
struct view view_symbol(struct planner *p, const struct symbol *symbol, const struct type *type);
struct view view_gradient(struct planner *p, const struct symbol *symbol, const struct type *type);
struct view view_new(struct planner *p, const struct type *type, const int8_t *order); /* in a buffer of its own */
/* Gives node n its place: that of a user that wants it somewhere, or a new buffer in the wanted order (unless a user
 * demands another). */
struct view place_of(struct planner *p, struct node *n, const int8_t *order);
/* Does some user want the axes in a certain order? */
bool demanded_order(const struct planner *p, const struct node *n, int8_t *order);

/* A buffer of a chain, one for all its trips. */
struct buffer *local_buffer(struct planner *p, int64_t bytes);
/* The memory, written by `pack` or `prepare`, of what the key names; is_new: the caller has to plan its steps. */
struct buffer *shared_value(struct shared *s, const char *key, const struct type *type, bool *is_new);

/* nest.c */
void plan_nest(struct planner *p, struct group *g);

/* A loop nest in the making: axes as in its group, buffers beside the accesses. */
struct nest {
  struct planner *planner;
  struct group *group;           /* NULL: a copy or fill */
  const struct chain_part *part; /* NULL: none of a chain */
  struct loop loop;
  int64_t extent[KERNEL_MAX_AXES]; /* EXTENT_BATCH for the batch */
  struct buffer **buffers;
  int access_capacity, buffer_count, buffer_capacity, value_capacity, store_capacity;
  struct memo {
    struct element element;
    int value;
  } * memos;
  int memo_count, memo_capacity;
};
/* nest_shape.c */
void nest_order(const struct nest *nest, int8_t *order);  /* outermost first */
void nest_finish(struct nest *nest, const int8_t *order); /* permutes, collapses, chooses the vector axis, passes */
/* Leaves fewer points of a loop without passes along an axis. */
void loop_shorten(struct loop *l, int axis, int64_t count);

/* nest.c, for copies too */
int nest_access(struct nest *nest, const struct view *v, const int8_t *axis);
int nest_value(struct nest *nest, struct value value);
void nest_store(struct nest *nest, int value, int access, bool add);

/* copy.c */
int nest_cast(struct nest *nest, int value, enum dtype dtype); /* value where it has it */
struct nest nest_over(struct planner *p, const struct type *type, int8_t axis[GRAPH_MAX_RANK]); /* axes above 1 */
void nest_push(struct nest *nest);                                                              /* to the kernels */
void plan_copy(struct planner *p, const struct view *from, const struct view *to, bool add);    /* casts */
void plan_fill(struct planner *p, const struct view *to);
void plan_indices(struct planner *p, const struct view *to); /* to[i] = i */

/* pairs.c: operands of contractions of bf16, see kernel.h. */
/* Copies x, f32 or bf16, into a value of i32, each element of which holds two neighbours of x along the axis, the
 * first in its lower half; the last one of an odd number stands beside a zero. */
void plan_pairs(struct planner *p, const struct view *x, int axis, const struct view *pairs);
/* The type of the pairs of a type along an axis. */
struct type type_of_pairs(const struct type *type, int axis);

/* contraction.c */
void plan_contraction(struct planner *p, struct node *n);

/* pack.c: makes plan->pack and plan->packings of s->copies.  Copies whose blocks would not stay in the second-level
 * cache become steps of s->prepare. */
void plan_packs(struct shared *s, struct plan *plan);

/* plan.c: appends a kernel; buffers as its accesses (contraction: a, b, c).  in_chain: to p->pending. */
void plan_push_loop(struct planner *p, const struct loop *loop, struct buffer *const *buffers, bool in_chain);
void plan_push_contraction(struct planner *p, const struct contraction *c, struct buffer *const buffers[3],
                           bool in_chain);
/* Appends a chain, whose loops are given, of the pending kernels. */
void plan_push_chain(struct planner *p, const struct step *loops, const struct pending *pending);

#endif

/* The state of generating one fused loop nest.
 *
 * A nest is generated in bundles: `slots` vectors of `width` lanes, neighbours along the bundle axis.  That axis is
 * either the pass axis (a row is scalar, its elements are vectors, reductions end horizontally) or another one (rows
 * lie in lanes, each element is one vector a slot, reductions are vertical), or, with no pass axis, the vector axis.
 */
#ifndef HRMC_LOOP_H
#define HRMC_LOOP_H

#include "codegen.h"

enum { MAX_SLOTS = 8 };

/* How a pass gets an element value that it needs. */
enum action {
  ACTION_NONE,
  ACTION_COMPUTE,     /* here, from its operands (a load: load it) */
  ACTION_RELOAD,      /* from where an earlier pass stored it */
  ACTION_FROM_SCRATCH /* an earlier pass spilled it */
};

struct value_plan {
  enum action *action; /* per pass: action[pass] */
  int store;           /* RELOAD: the store */
  int64_t scratch;     /* offset in the scratch memory, or -1 */
  bool divides;        /* a row value by which elements are divided: they are multiplied by its inverse */
};

struct loop_plan {
  int bundle_axis;       /* -1: scalar code without a bundle */
  bool reduces_in_lanes; /* bundle axis = pass axis */
  int width, slots;      /* of a full bundle */
  bool whole_row;        /* one bundle holds a row: its values stay from pass to pass */
  int passes;
  struct value_plan *values;
  int *store_pass;                     /* per store: the pass whose elements it belongs to, or -1: a row's */
  int64_t scratch_bytes, scratch_step; /* step: values that an element of the pass axis has in the scratch memory */
  bool scalar_tail;                    /* a tail of unknown length runs element by element */
};

/* Where a value is wanted: the slot and the lanes. */
struct lanes {
  int slot, width, active; /* active: lanes in use; all where a mask says it at run time */
  LLVMValueRef mask;       /* NULL: all lanes */
};

struct nest {
  struct codegen *g;
  const struct loop *l;
  struct loop_plan plan;
  LLVMValueRef n;
  LLVMValueRef index[KERNEL_MAX_AXES];
  LLVMValueRef *pointer; /* per access: its address at the current indices */
  int slots, pass;
  struct lanes lanes[MAX_SLOTS];
  /* [value * MAX_SLOTS + slot]: what has been generated and may be used here */
  LLVMValueRef *element, *row, *row_splat;         /* row_splat: of a scalar row, for its elements */
  LLVMValueRef *inverse;                           /* of row values, in the form that elements use */
  LLVMValueRef *element_condition, *row_condition; /* i1 of comparisons */
  LLVMValueRef scratch;
  LLVMValueRef *carried; /* accumulators of the current pass: [reduction * plan.slots + slot] */
};

/* loop_plan.c: how to cut the nest, and what each pass recomputes, reloads or spills. */
struct loop_plan loop_plan(struct codegen *g, const struct loop *l);
bool loop_follows(const struct loop *l, const struct access *access, int axis);
bool loop_is_contiguous(const struct loop *l, const struct access *access, int axis);
bool loop_value_is_row(const struct loop *l, int v);
bool loop_divides_by_row(const struct loop *l, int v);      /* is value v an element of float32 over a row value? */
bool loop_divides_by_constant(const struct loop *l, int v); /* … over a constant of ordinary size? */
bool loop_is_below_maximum(const struct loop *l, int v);    /* … an element less the maximum of its row? */
bool loop_value_is_anywhere(const struct loop *l, int v);   /* a constant or an index: made where it is used */

/* loop_access.c: memory. */
LLVMValueRef loop_load(struct nest *n, int access, struct lanes lanes);
void loop_store(struct nest *n, const struct kernel_store *store, struct lanes lanes, LLVMValueRef value);

/* loop_value.c: the values of one pass at one slot, and those of a row. */
void loop_elements(struct nest *n, int slot);
void loop_row_value(struct nest *n, int v, struct lanes lanes);
LLVMValueRef loop_operand(struct nest *n, int v, struct lanes lanes, bool in_row);

#endif

/* A contraction on its way to a kernel; private to contraction.c, panels.c and matrix.c. */
#ifndef HRMC_CONTRACTION_H
#define HRMC_CONTRACTION_H

#include "planner.h"

enum { CONTRACTION_MAX_LABELS = 25 }; /* those of a node and one for panels */

/* Left operand, right operand, result: of axes, views, strides. */
enum { X, Y, C };

struct label {
  int64_t extent; /* EXTENT_BATCH for the batch */
  int axis[3];    /* in left, right, result; -1: absent */
};

struct problem {
  struct planner *planner;
  struct node *node;
  struct label label[CONTRACTION_MAX_LABELS];
  int count;
  struct view view[3]; /* left, right; result once it has its place */
  bool is_weight[2];
  bool rounds[2];               /* f32 that meets bf16 held in f32: it has to be rounded */
  bool is_paired;               /* of bf16: once their operands are ready, the strides of views are as in kernel.h */
  int pair;                     /* then the label whose neighbours make pairs */
  bool c_is_fixed;              /* the result has to lie in view[C] */
  int8_t order[GRAPH_MAX_RANK]; /* wanted of the result's axes, outermost first */
};

int64_t label_stride(const struct problem *q, int which, int label);
bool label_in(const struct problem *q, int which, int label);
bool label_is_batch(const struct problem *q, int label);

/* The four kinds, where operand b is the one read along n. */
typedef bool label_test(const struct problem *q, int b, int label);
bool label_is_outer(const struct problem *q, int b, int label);  /* in both operands, or b's batch */
bool label_is_row(const struct problem *q, int b, int label);    /* m */
bool label_is_column(const struct problem *q, int b, int label); /* n */
bool label_is_summed(const struct problem *q, int b, int label); /* k */

/* Appends labels of an operand or the result that pass the test, those with large strides in `like` first, the batch
 * before all. */
int labels_sorted(const struct problem *q, label_test *test, int b, int which, int like, int *labels, int count);

/* Appends those of them that are not there yet. */
int labels_append(const struct problem *q, label_test *test, int b, int which, int like, int *labels, int count);

bool label_is_any_batch(const struct problem *q, int b, int label);

/* pairs.c: gives an operand of a contraction of bf16 its pairs, in place or in a copy; then its view is as in
 * kernel.h.
 */
void pair_a(struct problem *q, int b);
void pair_b(struct problem *q, int b, int n);
bool label_has_pairs(const struct problem *q, int which, int label); /* are neighbours along it pairs as they lie? */

/* panels.c: a copy of operand `which`, weights, made ahead, rounded where they have to be, dense in that
 * order; with pairs along an axis unless it is -1. */
struct view packed_copy(const struct problem *q, int which, int pair_axis, const int8_t *order);

/* panels.c: appends the kernels of a contraction whose b is a weight, which is copied into panels of n ahead. */
void plan_panels(const struct problem *q, int b, int n, bool accumulate);

/* The same for a b that is no weight, where that pays. */
bool panels_pay(const struct problem *q, int b, int n);
void plan_copied_panels(const struct problem *q, int b, int n, bool accumulate);

/* matrix.c: appends the kernel; b and the result have unit stride along some label of n. */
void plan_matrix(const struct problem *q, int b, bool accumulate);

/* Has a kernel enough axes for it?  With panels it needs one more. */
bool matrix_fits(const struct problem *q, int b, bool has_panels);

#endif

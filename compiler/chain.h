/* Chains: groups that become one loop over heads and blocks of rows; private to the planner.
 *
 * A contraction that keeps one axis of each operand of its own (scores: rows against columns, for each head) makes a
 * value that is larger than what it is made of.  Where loop nests and contractions that use it up again follow, all
 * of them run head by head, and block of rows by block of rows, and the wide values between them take the memory of
 * one block.  So attention in any spelling, forward and backward, becomes one kernel. */
#ifndef HRMC_CHAIN_H
#define HRMC_CHAIN_H

#include "planner.h"

enum { CHAIN_MAX_PARTS = 12, CHAIN_MAX_LOCALS = 12, CHAIN_MAX_LABELS = 25 };

struct chain_part {
  struct group *group;
  int8_t
      axis[CHAIN_MAX_LABELS]; /* the chain's axis for each axis of a loop group, or label of a contraction; or -1 */
};

/* The axes of a chain are those of its first contraction's result. */
struct chain_group {
  int rank;
  int64_t extent[GRAPH_MAX_RANK];
  int rows, columns;   /* the two axes that only one operand has; nests reduce along the columns alone */
  bool rows_are_whole; /* some nest needs all rows at once */
  struct chain_part parts[CHAIN_MAX_PARTS];
  int count;
  struct node *locals[CHAIN_MAX_LOCALS]; /* wide values that only the chain uses */
  int local_count;

  /* While its kernels are planned. */
  int8_t loop[GRAPH_MAX_RANK]; /* the loop that runs along an axis; -1: none */
  int64_t from, block, blocks; /* rows: the first of the run, those of a block, and blocks of all runs */
};

/* Finds the chains of a region's groups, each of which becomes a group of kind GROUP_CHAIN. */
void find_chains(struct planner *p, struct region *r);

/* Appends the steps of a chain. */
void plan_chain(struct planner *p, struct group *g);

/* Of a contraction: does the label stand in both operands and the result, as the batch and the heads do? */
bool contract_is_outer(const struct node *n, int label);

/* Of the part that is being planned: the loop that runs along axis (or label) i; -1: none, or no part is planned. */
int chain_loop_of(const struct planner *p, int i);
/* How far one trip of that loop moves an access whose stride along it is given; moves its start to that of the run.
 */
void chain_surround(const struct planner *p, struct access *access, const struct buffer *buffer, int i,
                    int64_t stride);
/* Do rows of the part's axis i come block by block?  Then this many. */
bool chain_blocks_axis(const struct planner *p, int i);
/* The indices along an axis that a loop of the chain runs over, as i32 in memory. */
struct view chain_indices(struct planner *p, int64_t extent);

#endif

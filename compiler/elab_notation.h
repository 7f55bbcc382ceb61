/* The parts of index notation: index variables in scope, and tensors whose core axes carry them. */
#ifndef HRMC_ELAB_NOTATION_H
#define HRMC_ELAB_NOTATION_H

#include "elab.h"

struct index_var {
  struct ident name;
  struct dim dim; /* size 0: not known yet */
  bool is_lost;   /* it would be known of a value that has an error, which was reported */
};

struct index_space {
  struct index_space *parent;
  struct index_var *vars;
  int count, first_id; /* variable k has the id first_id + k */
};

enum { MAX_INDICES = 16 };

/* ---- index variables (elab_index.c) ---- */

/* The variable of a name and its id, or of an id; NULL: none in scope. */
struct index_var *index_find(struct elab *e, const char *name, int *id);
struct index_var *index_by_id(struct elab *e, int id);

/* Whether an expression depends on an index variable. */
bool mentions_index(struct elab *e, const struct expr *x);

/* Gives a variable its extent; false, reported, where it has another. */
bool index_set_extent(struct elab *e, struct index_var *v, const struct dim *d, struct span place);

/* Opens a space of variables, with the extents that plain subscripts of the body tell; the caller closes it by giving
 * e->indices its parent.  False, reported: too many. */
bool index_open(struct elab *e, struct scope *s, const struct ident *names, int count, struct span place,
                const struct expr *body, struct index_space *space);

/* ---- labelled tensors (elab_labelled.c) ---- */

struct labelled {
  struct tensor_value t;
  int8_t id[GRAPH_MAX_RANK]; /* of each core axis */
};

void labelled_set_ids(struct labelled *x, const int8_t *ids, int count);

/* The ids of the axes as a set, a bit each. */
uint32_t labelled_ids(const struct labelled *x);

/* All ids of the operands but those of the set `without`, in ascending order; returns their number. */
int labelled_join(const struct labelled *items, int count, uint32_t without, int8_t *ids);

/* Whether a tensor of these axes under these frames has a rank and a size that can be; reported if not. */
bool labelled_fits(struct elab *e, const int8_t *ids, int count, uint32_t frames, struct span place);

/* x with its axes in the order of ids, repeated along those that it lacks. */
struct tensor_value labelled_reorder(struct elab *e, const struct labelled *x, const int8_t *ids, int count);

/* The product of two, summed over a set of ids; the extents are the variables'. */
struct labelled labelled_contract(struct elab *e, const struct labelled *x, uint32_t summed);

/* Reduces the axes whose ids are in the set. */
void labelled_reduce(struct elab *e, struct labelled *x, enum reduction kind, uint32_t over);

#endif

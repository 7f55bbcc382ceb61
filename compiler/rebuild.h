/* Copying a graph node by node: what every pass does with the nodes that it does not change. */
#ifndef HRMC_REBUILD_H
#define HRMC_REBUILD_H

#include "graph.h"

struct rebuild {
  struct graph *to;
  struct node **map; /* by id in the old graph: the node that stands for it in the new one */
};

/* An empty graph of the same name, and nothing mapped. */
struct rebuild rebuild_new(const struct graph *from);

/* What stands for node n. */
struct node *rebuild_find(const struct rebuild *r, const struct node *n);

/* What stands for the operands of n, in the arena. */
struct node **rebuild_operands(const struct rebuild *r, const struct node *n);

/* Copies the node, a repeat with all its body, and maps it. */
struct node *rebuild_node(struct rebuild *r, const struct node *n);

bool graph_has(const struct graph *g, enum op op); /* among the nodes of the top region */

#endif

/* Mazes as a kind of puzzle. */
#ifndef HRM_DATA_MAZE_SETS_H
#define HRM_DATA_MAZE_SETS_H

#include "runtime/data/draws.h"
#include "runtime/data/puzzle_sets.h"
#include "runtime/maze.h"

/* The context of the kind. */
struct maze_options {
  struct puzzle_options set;
  int rows, columns;           /* 0 … MAZE_MAX_SIDE; 0 with a CSV: as its first maze, which must be square */
  int loops;                   /* percent of the walls between passages that are opened */
  int least_steps, most_steps; /* of the shortest path */
  bool dihedral;               /* the turned and mirrored forms of training mazes are further examples */
};

/* The job of these options. */
struct puzzle_job maze_job(const struct maze_options *options);

/* Turns and mirrors that keep the shape: 8, or 4 where it is not square. */
int maze_forms(int rows, int columns);

/* Finds rows and columns from the first line of a CSV. */
bool maze_size_of_csv(struct maze_options *options, struct hrm_error *error);

/* Digs a maze without ends: passages between all cells of even row and column, found by a random walk that goes back
 * where it can go no further, and loops.  `room` is for rows · columns numbers. */
void maze_dig(const struct maze_options *options, struct draws *draws, uint8_t *maze, int32_t *room);
/* Puts start and goal so that a shortest path has as many steps as asked for; false where that did not succeed. */
bool maze_put_ends(const struct maze_options *options, struct draws *draws, struct maze_search *search,
                   uint8_t *maze);

#endif

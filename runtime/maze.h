/* Mazes: grids of walls and free cells with one start and one goal; a step leads to one of four neighbours.  An
 * answer is the maze with a shortest path between the two marked. */
#ifndef HRM_MAZE_H
#define HRM_MAZE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/error.h"

/* Cells, which are also the tokens of the published data sets; 0 pads. */
enum maze_cell { MAZE_WALL = 1, MAZE_FREE, MAZE_START, MAZE_GOAL, MAZE_PATH, MAZE_TOKENS };

/* Their characters in the published files, from MAZE_WALL on. */
#define MAZE_CHARACTERS "# SGo"

enum { MAZE_MAX_SIDE = 1000 };

/* Room to search a maze of some number of cells. */
struct maze_search {
  int rows, columns;
  int32_t *distance; /* of each cell from the start; -1: not reached */
  int32_t *queue;
};

bool maze_search_create(struct maze_search *search, int rows, int columns, struct hrm_error *error);
void maze_search_destroy(struct maze_search *search); /* accepts all zeros */

/* Fills search->distance with steps from a cell to all cells that are reached over cells other than walls. */
void maze_measure(struct maze_search *search, const uint8_t *maze, int from);

/* The only cell of a kind; -1 where there is none, -2 where there are several. */
int maze_find(const struct maze_search *search, const uint8_t *maze, enum maze_cell kind);

/* Steps of a shortest path from start to goal, 1 where they touch; -1 where there is none or they are not both there
 * once. */
int maze_steps(struct maze_search *search, const uint8_t *maze);

/* Writes the maze with a shortest path marked, of several the one that, from the start on, goes up rather than left,
 * left rather than right, right rather than down.  Returns its steps, or -1 where there is none. */
int maze_solve(struct maze_search *search, const uint8_t *maze, uint8_t *answer);

/* What an answer is. */
enum maze_verdict {
  MAZE_OTHER,  /* it differs from the maze in more than marks on free cells */
  MAZE_BROKEN, /* its marks are no path from start to goal, or not a path alone */
  MAZE_LONG,   /* its path is not a shortest one */
  MAZE_SHORTEST
};
enum maze_verdict maze_judge(struct maze_search *search, const uint8_t *maze, const uint8_t *answer);

#endif

#include "runtime/maze.h"

#include <stdlib.h>
#include <string.h>

bool maze_search_create(struct maze_search *search, int rows, int columns, struct hrm_error *error) {
  size_t cells = (size_t)rows * (size_t)columns;
  *search = (struct maze_search){.rows = rows, .columns = columns};
  search->distance = malloc(cells * sizeof *search->distance);
  search->queue = malloc(cells * sizeof *search->queue);
  if (search->distance && search->queue) return true;
  maze_search_destroy(search);
  return hrm_fail(error, HRM_SYSTEM, "out of memory");
}

void maze_search_destroy(struct maze_search *search) {
  free(search->distance);
  free(search->queue);
  *search = (struct maze_search){0};
}

/* ---- Steps ---- */

enum { NEIGHBOURS = 4 };

/* The neighbour of a cell up, left, right or down; -1 outside. */
static int neighbour(const struct maze_search *search, int cell, int way) {
  int row = cell / search->columns, column = cell % search->columns;
  switch (way) {
  case 0: return row > 0 ? cell - search->columns : -1;
  case 1: return column > 0 ? cell - 1 : -1;
  case 2: return column + 1 < search->columns ? cell + 1 : -1;
  default: return row + 1 < search->rows ? cell + search->columns : -1;
  }
}

/* Breadth first over the cells whose bit is in `open`. */
static void measure(struct maze_search *search, const uint8_t *maze, int from, unsigned open) {
  int32_t *distance = search->distance, *queue = search->queue;
  int cells = search->rows * search->columns, tail = 0;
  for (int i = 0; i < cells; i++) distance[i] = -1;
  distance[from] = 0;
  queue[tail++] = from;
  for (int head = 0; head < tail; head++)
    for (int way = 0; way < NEIGHBOURS; way++) {
      int next = neighbour(search, queue[head], way);
      if (next < 0 || distance[next] >= 0 || !(open >> maze[next] & 1)) continue;
      distance[next] = distance[queue[head]] + 1;
      queue[tail++] = next;
    }
}

enum {
  ENDS = 1 << MAZE_START | 1 << MAZE_GOAL,
  NOT_WALLS = ENDS | 1 << MAZE_FREE | 1 << MAZE_PATH,
  MARKED = ENDS | 1 << MAZE_PATH
};

void maze_measure(struct maze_search *search, const uint8_t *maze, int from) {
  measure(search, maze, from, NOT_WALLS);
}

int maze_find(const struct maze_search *search, const uint8_t *maze, enum maze_cell kind) {
  int cells = search->rows * search->columns, found = -1;
  for (int i = 0; i < cells; i++)
    if (maze[i] == kind) found = found == -1 ? i : -2;
  return found;
}

static int steps(struct maze_search *search, const uint8_t *maze, unsigned open) {
  int start = maze_find(search, maze, MAZE_START), goal = maze_find(search, maze, MAZE_GOAL);
  if (start < 0 || goal < 0) return -1;
  measure(search, maze, start, open);
  return search->distance[goal];
}

int maze_steps(struct maze_search *search, const uint8_t *maze) { return steps(search, maze, NOT_WALLS); }

/* ---- Answers ---- */

/* Distances are measured from the goal, so that the path can be laid from the start on. */
int maze_solve(struct maze_search *search, const uint8_t *maze, uint8_t *answer) {
  int start = maze_find(search, maze, MAZE_START), goal = maze_find(search, maze, MAZE_GOAL);
  memcpy(answer, maze, (size_t)search->rows * (size_t)search->columns);
  if (start < 0 || goal < 0) return -1;
  maze_measure(search, maze, goal);
  int total = search->distance[start];
  for (int left = total, cell = start; left > 1; left--) {
    int way = 0, next;
    while ((next = neighbour(search, cell, way)) < 0 || search->distance[next] != left - 1) way++;
    answer[cell = next] = MAZE_PATH;
  }
  return total;
}

/* The number of marks, or -1 where the answer changes anything but free cells, and these but to marks. */
static int count_marks(const struct maze_search *search, const uint8_t *maze, const uint8_t *answer) {
  int cells = search->rows * search->columns, marks = 0;
  for (int i = 0; i < cells; i++) {
    if (maze[i] == answer[i]) continue;
    if (maze[i] != MAZE_FREE || answer[i] != MAZE_PATH) return -1;
    marks++;
  }
  return marks;
}

enum maze_verdict maze_judge(struct maze_search *search, const uint8_t *maze, const uint8_t *answer) {
  int marks = count_marks(search, maze, answer);
  if (marks < 0) return MAZE_OTHER;
  int along = steps(search, answer, MARKED);
  if (along < 0 || along != marks + 1) return MAZE_BROKEN;
  return along == maze_steps(search, maze) ? MAZE_SHORTEST : MAZE_LONG;
}

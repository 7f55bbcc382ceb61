#include <string.h>

#include "runtime/data/maze_sets.h"

/* ---- Passages ---- */

/* A cell two away, in one of four ways; -1 outside. */
static int two_away(const struct maze_options *options, int cell, int way) {
  static const int rows[] = {-2, 0, 0, 2}, columns[] = {0, -2, 2, 0};
  int row = cell / options->columns + rows[way], column = cell % options->columns + columns[way];
  bool inside = row >= 0 && row < options->rows && column >= 0 && column < options->columns;
  return inside ? row * options->columns + column : -1;
}

/* The neighbours of a cell across one wall that no passage has reached yet. */
static int find_walled(const struct maze_options *options, const uint8_t *maze, int cell, int *walled) {
  int count = 0;
  for (int way = 0; way < 4; way++) {
    int next = two_away(options, cell, way);
    if (next >= 0 && maze[next] == MAZE_WALL) walled[count++] = next;
  }
  return count;
}

static void dig_passages(const struct maze_options *options, struct draws *draws, uint8_t *maze, int32_t *stack) {
  int height = (options->rows + 1) / 2, width = (options->columns + 1) / 2, depth = 0, walled[4];
  int cell = 2 * draw_below(draws, height) * options->columns + 2 * draw_below(draws, width);
  maze[cell] = MAZE_FREE;
  for (;;) {
    int count = find_walled(options, maze, cell, walled);
    if (count > 0) {
      int next = walled[draw_below(draws, count)];
      maze[(cell + next) / 2] = maze[next] = MAZE_FREE;
      stack[depth++] = cell;
      cell = next;
    } else if (depth > 0) {
      cell = stack[--depth];
    } else {
      return;
    }
  }
}

/* Opens some of the walls that stand between two cells of passages. */
static void open_walls(const struct maze_options *options, struct draws *draws, uint8_t *maze) {
  for (int row = 0; row < options->rows; row++)
    for (int column = row % 2 == 0; column < options->columns; column += 2) {
      bool last = row % 2 ? row + 1 == options->rows : column + 1 == options->columns;
      uint8_t *cell = &maze[row * options->columns + column];
      if (*cell == MAZE_WALL && !last && draw_below(draws, 100) < options->loops) *cell = MAZE_FREE;
    }
}

void maze_dig(const struct maze_options *options, struct draws *draws, uint8_t *maze, int32_t *room) {
  memset(maze, MAZE_WALL, (size_t)options->rows * (size_t)options->columns);
  dig_passages(options, draws, maze, room);
  open_walls(options, draws, maze);
}

/* ---- Ends ---- */

/* Of the cells that pass, a random one; -1 where none does. */
static int draw_free(const struct maze_search *search, const uint8_t *maze, struct draws *draws) {
  int cells = search->rows * search->columns;
  for (int i = 0; i < 4 * cells; i++) {
    int cell = draw_below(draws, cells);
    if (maze[cell] == MAZE_FREE) return cell;
  }
  return -1;
}

static int draw_within(const struct maze_search *search, int least, int most, struct draws *draws) {
  int cells = search->rows * search->columns, count = 0;
  for (int i = 0; i < cells; i++) count += search->distance[i] >= least && search->distance[i] <= most;
  if (count == 0) return -1;
  int skip = draw_below(draws, count), cell = 0;
  while (search->distance[cell] < least || search->distance[cell] > most || skip-- > 0) cell++;
  return cell;
}

bool maze_put_ends(const struct maze_options *options, struct draws *draws, struct maze_search *search,
                   uint8_t *maze) {
  enum { TRIES = 4 };
  for (int i = 0; i < TRIES; i++) {
    int start = draw_free(search, maze, draws);
    if (start < 0) return false;
    maze_measure(search, maze, start);
    int goal = draw_within(search, options->least_steps > 1 ? options->least_steps : 1, options->most_steps, draws);
    if (goal < 0) continue;
    maze[start] = MAZE_START;
    maze[goal] = MAZE_GOAL;
    return true;
  }
  return false;
}

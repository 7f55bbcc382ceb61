#include "runtime/data/picture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/arc.h"
#include "runtime/maze.h"

bool picture_has_colours(FILE *out) {
  const char *off = getenv("NO_COLOR");
  return isatty(fileno(out)) && !(off && *off);
}

/* ---- Tokens ---- */

/* NULL: numbers. */
static const char *characters_of(enum dataset_kind kind) {
  switch (kind) {
  case DATASET_SUDOKU: return " .123456789";
  case DATASET_MAZE: return "?" MAZE_CHARACTERS;
  case DATASET_ARC: return " |0123456789";
  default: return NULL;
  }
}

static void print_token(const struct picture *picture, int32_t token, FILE *out) {
  const char *own = characters_of(picture->kind);
  if (token < 0)
    putc(' ', out);
  else if (picture->text->vocab_size > token)
    putc(picture->text->characters[token], out);
  else if (own && (size_t)token < strlen(own))
    putc(own[token], out);
  else
    fprintf(out, "%d ", token);
}

/* The published palette of ARC in the 256 colours of terminals. */
static void print_colour(int32_t token, FILE *out) {
  static const int palette[ARC_COLOURS] = {16, 26, 160, 40, 220, 245, 200, 208, 117, 88};
  if (token >= ARC_FIRST_COLOUR && token < ARC_TOKENS)
    fprintf(out, "\033[48;5;%dm  \033[0m", palette[token - ARC_FIRST_COLOUR]);
  else
    fputs(token == ARC_END ? "::" : "  ", out);
}

static void print_cell(const struct picture *picture, int32_t token, FILE *out) {
  if (picture->colours && picture->kind == DATASET_ARC) {
    print_colour(token, out);
  } else if (picture->colours && picture->kind == DATASET_MAZE && token == MAZE_PATH) {
    fputs("\033[32mo\033[0m", out);
  } else {
    print_token(picture, token, out);
  }
}

/* ---- Lines ---- */

/* What of a picture is not padding alone. */
struct frame {
  int32_t bottom, right;
};

static struct frame frame_of(const struct picture *picture, const int32_t *question, const int32_t *answer) {
  struct frame frame = {1, 1};
  if (picture->kind != DATASET_ARC) return (struct frame){picture->rows, picture->columns};
  for (int32_t r = 0; r < picture->rows; r++)
    for (int32_t c = 0; c < picture->columns; c++) {
      int32_t i = r * picture->columns + c;
      if (question[i] <= ARC_PAD && answer[i] <= ARC_PAD) continue;
      frame.bottom = r + 1;
      frame.right = c + 1 > frame.right ? c + 1 : frame.right;
    }
  return frame;
}

static void print_line(const struct picture *picture, const int32_t *tokens, int32_t width, FILE *out) {
  int32_t box = picture->box_columns;
  for (int32_t c = 0; c < width; c++) {
    if (picture->kind == DATASET_SUDOKU && c > 0) fputs(box && c % box == 0 ? " | " : " ", out);
    print_cell(picture, tokens[c], out);
  }
}

static void print_rule(const struct picture *picture, FILE *out) {
  int32_t box = picture->box_columns, width = 2 * picture->columns - 1 + 2 * (picture->columns / box - 1);
  for (int half = 0; half < 2; half++) {
    for (int32_t i = 0; i < width; i++) putc(i % (2 * box + 2) == 2 * box ? '+' : '-', out);
    fputs(half ? "\n" : "    ", out);
  }
}

void picture_print(const struct picture *picture, const int32_t *question, const int32_t *answer, FILE *out) {
  struct frame frame = frame_of(picture, question, answer);
  for (int32_t r = 0; r < frame.bottom; r++) {
    if (picture->box_rows > 1 && r > 0 && r % picture->box_rows == 0) print_rule(picture, out);
    print_line(picture, question + r * picture->columns, frame.right, out);
    fputs("    ", out);
    print_line(picture, answer + r * picture->columns, frame.right, out);
    putc('\n', out);
  }
}

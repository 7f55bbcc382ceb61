/* A model inside a C program: solves a Sudoku with the weights of a checkpoint, trains on its answer, saves.
 *
 *   embed CHECKPOINT PUZZLE ANSWER OUTPUT        puzzles as 16 characters, with '.' where a 4x4 board is empty */
#include "hrm_model.h"

#include <stdio.h>
#include <string.h>

/* The data set's tokens: 0 pads, 1 is an empty cell, and a digit is one more than itself. */
static int read_board(const char *text, int32_t *tokens) {
  if (strlen(text) != HRM_INPUTS) return 0;
  for (int i = 0; i < HRM_INPUTS; i++) {
    if (text[i] != '.' && (text[i] < '1' || text[i] > '4')) return 0;
    tokens[i] = text[i] == '.' ? 1 : text[i] - '0' + 1;
  }
  return 1;
}

static void print_board(const int32_t *tokens) {
  for (int i = 0; i < HRM_LABELS; i++) putchar(tokens[i] > 1 ? '0' + tokens[i] - 1 : '.');
  putchar('\n');
}

static int solve(const char *checkpoint, const int32_t *puzzle, struct hrm_error *error) {
  struct hrm_model *model;
  int32_t answer[HRM_LABELS];
  float confidence;
  int code = hrm_open(&model, checkpoint, NULL, error);
  if (code == 0) code = hrm_solve(model, puzzle, NULL, 1, 0, 0, answer, &confidence, error);
  if (code == 0) print_board(answer);
  hrm_close(model);
  return code;
}

static int train(const char *checkpoint, const int32_t *puzzle, const int32_t *answer, const char *output,
                 struct hrm_error *error) {
  const struct hrm_options options = {.batch = 1, .threads = 1};
  struct hrm_model *model;
  struct hrm_step step;
  int code = hrm_open(&model, checkpoint, &options, error);
  for (int i = 0; code == 0 && i < 8; i++) {
    code = hrm_train(model, puzzle, answer, NULL, 0.1, &step, error);
    if (code == 0) printf("step %d: loss %.3f\n", (int)step.step, step.loss);
  }
  if (code == 0) code = hrm_save(model, output, error);
  hrm_close(model);
  return code;
}

int main(int argc, char **argv) {
  int32_t puzzle[HRM_INPUTS], answer[HRM_LABELS];
  struct hrm_error error;
  if (argc != 5 || !read_board(argv[2], puzzle) || !read_board(argv[3], answer)) {
    fputs("usage: embed CHECKPOINT PUZZLE ANSWER OUTPUT\n", stderr);
    return 2;
  }
  if (strcmp(hrm_version(), HRM_VERSION) != 0) fputs("embed: the library is of another version\n", stderr);
  int code = solve(argv[1], puzzle, &error);
  if (code == 0) code = train(argv[1], puzzle, answer, argv[4], &error);
  if (code == 0) code = solve(argv[4], puzzle, &error);
  if (code != 0) fprintf(stderr, "embed: %s\n", error.text);
  return code;
}

/* Sudoku puzzles as CSV: the first byte says the shape of the boxes and whether bad lines are left out. */
#include "runtime/data/sudoku_sets.h"
#include "tests/fuzz/fuzz.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static const int boxes[][2] = {{2, 2}, {2, 3}, {2, 4}, {3, 3}};
  char path[FUZZ_PATH];
  struct hrm_error error;
  if (length == 0) return 0;
  int file = fuzz_file(path, bytes + 1, length - 1);
  const int *box = boxes[bytes[0] % 4];
  struct sudoku_options options = {.set = {.csv = path, .output.skip_bad = bytes[0] & 4},
                                   .shape = sudoku_shape(box[0], box[1]),
                                   .max_rating = INT64_MAX};
  struct puzzle_job job = sudoku_job(&options);
  job.progress = progress_new(stderr);
  puzzle_sets_read(&job, &error);
  close(file);
  return 0;
}

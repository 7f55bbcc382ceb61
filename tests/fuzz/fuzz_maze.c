/* Mazes as CSV: the first byte says the size, 0 for that of the first line, and whether bad lines are left out. */
#include "runtime/data/maze_sets.h"
#include "tests/fuzz/fuzz.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  char path[FUZZ_PATH];
  struct hrm_error error;
  if (length == 0) return 0;
  int file = fuzz_file(path, bytes + 1, length - 1), side = bytes[0] % 8;
  struct maze_options options = {.set = {.csv = path, .output.skip_bad = bytes[0] & 8},
                                 .rows = side,
                                 .columns = side,
                                 .least_steps = 1,
                                 .most_steps = INT32_MAX};
  if (side > 0 || maze_size_of_csv(&options, &error)) {
    struct puzzle_job job = maze_job(&options);
    job.progress = progress_new(stderr);
    puzzle_sets_read(&job, &error);
  }
  close(file);
  return 0;
}

/* fake_data DIR GROUPS: the data set of tests/fake_data.h, for shell tests. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fake_data.h"

int main(int argc, char **argv) {
  struct hrm_error error;
  if (argc != 3) return HRM_USAGE;
  if (fake_data_write(argv[1], atoi(argv[2]), &error)) return 0;
  fprintf(stderr, "%s\n", error.text);
  return error.code;
}

#include "tests/suite.h"

#include <stdlib.h>

TCase *suite_case(Suite *suite, const char *name, SFun setup, SFun teardown) {
  TCase *added = tcase_create(name);
  tcase_add_checked_fixture(added, setup, teardown);
  suite_add_tcase(suite, added);
  return added;
}

int suite_run(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Checking a file once more, to see what becomes of its errors. */
#ifndef HRMC_DRIVER_TRIAL_H
#define HRMC_DRIVER_TRIAL_H

#include "compile.h"

struct trial {
  struct compilation c;
  struct guard guard;
  const char *path;
};

/* With these options, and with `edited` (or NULL) in place of the file of its name.  False: the check came to no end;
 * else its diagnostics are t->c.diags. trial_close frees all. */
bool trial_check(struct trial *t, const char *path, const struct options *options, const struct source *edited);
void trial_close(struct trial *t);

#endif

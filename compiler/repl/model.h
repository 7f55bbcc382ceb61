/* The model of a session, compiled and trained in it.
 *
 * It is compiled when a command first needs it, and again when a declaration or a setting has changed since: weights
 * whose path and shape are as before keep their values. */
#ifndef HRMC_REPL_MODEL_H
#define HRMC_REPL_MODEL_H

#include "session.h"

#include "runtime/evaluate.h"
#include "runtime/trainer.h"

struct trained_model {
  struct arena *arena; /* of its compilation, and where it lies itself */
  struct loaded_code loaded;
  struct hrm_code code;
  struct description description;
  struct settings settings;
  struct dataset train, test;
  struct trainer trainer;
  struct slots shown; /* one example that :step walks through */
  bool has_example, outdated;
};

/* The model, ready to run on the session's data set; NULL after an error (reported). */
struct trained_model *model_ready(struct entry_run *r);

void model_outdate(struct session *s); /* accepts that there is none */
void model_drop(struct session *s);
void model_discard(struct session *s, struct trained_model *m); /* one that is not the session's; accepts NULL */

/* A parameter's present values where the model has one of this path and shape, else NULL. */
const float *model_parameter(const struct session *s, const char *path, const struct type *type);

/* Reports an error of the runtime; returns false. */
bool report_error(struct entry_run *r, const struct hrm_error *error);

#endif

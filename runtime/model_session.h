/* A model with the weights of a checkpoint, ready to be run: what eval and solve begin with. */
#ifndef HRM_MODEL_SESSION_H
#define HRM_MODEL_SESSION_H

#include "runtime/model.h"

struct model_session {
  char *checkpoint; /* the file itself */
  json_t *settings; /* that the checkpoint keeps; NULL: none */
  struct model model;
  struct slots slots;
};

/* path: a checkpoint or a run folder.  averaged: the moving averages of the weights, where there are some. */
bool model_session_open(struct model_session *s, const struct hrm_code *code, const struct description *d,
                        const char *path, bool averaged, int threads, int64_t batch, struct hrm_error *error);
void model_session_close(struct model_session *s); /* accepts all zeros */

#endif

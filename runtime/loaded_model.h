/* A model with the weights of a checkpoint, ready to be run: what eval and solve begin with. */
#ifndef HRM_LOADED_MODEL_H
#define HRM_LOADED_MODEL_H

#include "runtime/checkpoint.h"

struct loaded_model {
  char *checkpoint; /* the file itself */
  json_t *settings; /* that the checkpoint keeps; NULL: none */
  struct model model;
  struct slots slots;
};

/* path: a checkpoint of any form, or a run folder. */
bool loaded_model_open(struct loaded_model *s, const struct hrm_code *code, const struct description *d,
                       const char *path, struct checkpoint_use use, int threads, int64_t batch,
                       struct hrm_error *error);
void loaded_model_close(struct loaded_model *s); /* accepts all zeros */

#endif

/* The run-time settings of a training run: the model's train block, overridden by the command line. */
#ifndef HRM_SETTINGS_H
#define HRM_SETTINGS_H

#include "runtime/dataset.h"
#include "runtime/description.h"

struct settings {
  char *data; /* folder of the data set, absolute */
  int64_t steps, batch;
  uint64_t seed; /* below 2⁶³, as JSON has no larger numbers */
  int threads;
  int64_t eval_every, eval_limit; /* steps, 0: never; examples of each set, 0: all */
  int64_t save_every, log_every;  /* steps */
  int64_t keep;                   /* newest checkpoints that are kept; 0: all */
  int group_count;
  struct optimizer_group *groups;
  struct schedule schedule;
  double ema, clip; /* 0: none */
};

/* Steps of a run that is given neither steps nor epochs. */
enum { SETTINGS_STEPS = 10000 };

/* From the model's train block; steps is 0, and data NULL. */
bool settings_new(struct settings *s, const struct description *d, struct hrm_error *error);
void settings_free(struct settings *s); /* accepts all zeros */

/* Everything that a run is: {"model", "hrmc", "target", "configs", "act", the settings above, "dataset"}.  "dataset"
 * has what solve needs to read and print puzzles, and what tells data sets apart.  Owned by the caller; NULL and a
 * message on failure. */
json_t *settings_json(const struct settings *s, const struct description *d, const struct dataset *dataset,
                      struct hrm_error *error);

/* Back from that object, which must be of a run of this model with these compile-time configs.  name stands in
 * messages. */
bool settings_from_json(struct settings *s, const json_t *json, const struct description *d, const char *name,
                        struct hrm_error *error);

/* Whether that object is of a run on this data set; the message names both.  name stands in it. */
bool settings_same_dataset(const json_t *json, const struct settings *s, const struct dataset *dataset,
                           const char *name, struct hrm_error *error);

/* The first dense group gets this rate; the other dense groups keep their ratio to it. */
void settings_scale_rates(struct settings *s, const struct description *d, double lr);
/* Whether a group is that of a sparse table. */
bool settings_is_sparse(const struct description *d, int group);
/* The rate of sparse tables alone. */
void settings_sparse_rate(struct settings *s, const struct description *d, double lr);

#endif

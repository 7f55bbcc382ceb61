/* The predictions of an evaluation as .npy: int32 [examples, seq_len], in the order of the set's examples, in
 * whatever order they stop.
 *
 * A path that ends in .npy is the file, which only a data set of one set can have; any other is a folder, made if it
 * is not there, that gets SET__predictions.npy for each set. */
#ifndef HRM_PREDICTIONS_H
#define HRM_PREDICTIONS_H

#include "runtime/npy.h"
#include "runtime/slots.h"

struct predictions {
  struct npy_writer writer;
  char *path; /* of the file */
  int tensor; /* number of "prediction" */
};

/* Whether the path can hold a data set's predictions; makes the folder. */
bool predictions_check(const char *path, const struct dataset *dataset, struct hrm_error *error);

/* Begins the file of a set. */
bool predictions_open(struct predictions *p, const char *path, const struct dataset_set *set,
                      const struct description *d, struct hrm_error *error);

/* An evaluation_visitor whose context is the struct predictions: keeps what an example's last segment predicts. */
void predictions_keep(void *predictions, const struct slots *slots, int64_t slot, int64_t example);

/* The file appears, with every row, or else not at all. */
bool predictions_finish(struct predictions *p, struct hrm_error *error);
void predictions_abandon(struct predictions *p);

#endif

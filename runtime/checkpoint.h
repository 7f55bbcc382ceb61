/* Checkpoints: safetensors files from which a run goes on to the same bits, or from which a model is used.
 *
 *   PATH                   every weight and buffer by its published path, float32
 *   train/optimizer.m.PATH, train/optimizer.v.PATH, train/ema.PATH       where the optimiser has them
 *   train/carry.NAME       states of all slots, [batch, …]
 *   train/slot.NAME        inputs and labels of the slots' examples
 *   train/steps, train/halted       of the slots, [batch]
 *   train/metrics          sums since the last line of metrics.jsonl
 *
 * and in the metadata "settings" (as in settings.json, with the data set's sizes and fingerprint), "step",
 * "loader_epoch" and "loader_group": random numbers are functions of the seed and of these counters.  No path of a
 * weight has a '/', so no name can mean two things.  Any file of tensors with the weights alone (safetensors, .pt,
 * .npz) can be used by a model too. */
#ifndef HRM_CHECKPOINT_H
#define HRM_CHECKPOINT_H

#include "runtime/tensor_file.h"
#include "runtime/trainer.h"

/* The file appears whole or not at all. */
bool checkpoint_save(const char *path, const struct trainer *t, const json_t *settings, struct hrm_error *error);

/* Everything that trainer_step continues from; the weights are prepared.  The trainer has the checkpoint's settings,
 * and its data set must be the checkpoint's. */
bool checkpoint_resume(struct trainer *t, const struct tensor_file *file, struct hrm_error *error);

/* Opens a file of weights in any form, or the latest of a run folder.  Published checkpoints call them by longer
 * names, as
 * "_orig_mod.model.inner.lm_head.weight": of the leading parts that all its tensors share ("_orig_mod.",
 * "_orig_mod.model.", …, at most 16) the one is left out without which the most names are the model's, the shortest
 * of equals. */
bool checkpoint_open(struct tensor_file *file, const char *path, const struct description *d,
                     struct hrm_error *error);

/* How weights are taken. */
struct checkpoint_use {
  bool averaged;     /* their moving averages where the file has them */
  bool reset_tables; /* a sparse table with another number of rows: every row becomes the mean of the file's */
};

/* The weights alone; they are prepared.  Tensors that are missing, have another shape or are unknown are all named,
 * with both shapes; so is the first that is not finite. */
bool checkpoint_load(struct model *model, const struct tensor_file *file, struct checkpoint_use use,
                     struct hrm_error *error);

/* Whether checkpoint_load would take it, as far as names, shapes and types tell. */
bool checkpoint_fits(const struct tensor_file *file, const struct description *d, struct checkpoint_use use,
                     struct hrm_error *error);

/* Whether there is more than weights: a run can go on from it. */
bool checkpoint_has_training(const struct tensor_file *file);

/* Names the first weight that is not finite. */
bool checkpoint_check_finite(const struct model *model, const char *path, struct hrm_error *error);

/* The settings that a checkpoint keeps; NULL where it has none.  Owned by the caller. */
json_t *checkpoint_settings(const struct tensor_file *file);

#endif

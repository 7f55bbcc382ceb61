/* Files of weights for other programs: float32, under the names of the published checkpoints without the prefixes
 * that those have. */
#ifndef HRM_WEIGHTS_FILE_H
#define HRM_WEIGHTS_FILE_H

#include "runtime/model.h"

struct weights_format; /* safetensors or npz */

/* By its name, or as a path ends; NULL: there is none. */
const struct weights_format *weights_format_named(const char *name);
const struct weights_format *weights_format_of(const char *path);

/* The file appears whole or not at all.  Of the settings that they were trained with (settings.h; may be NULL),
 * safetensors says what concerns the model and how puzzles are written, for `solve`, and not where and how the
 * training ran, which does not concern whoever gets the weights. */
bool weights_write(const struct model *model, const json_t *settings, const struct weights_format *format,
                   const char *path, struct hrm_error *error);

#endif

/* Files of weights for other programs: float32, under the names of the published checkpoints without the prefixes
 * that those have. */
#ifndef HRM_WEIGHTS_FILE_H
#define HRM_WEIGHTS_FILE_H

#include "runtime/model.h"

struct weights_format; /* safetensors or npz */

/* By its name, or as a path ends; NULL: there is none. */
const struct weights_format *weights_format_named(const char *name);
const struct weights_format *weights_format_of(const char *path);

/* The file appears whole or not at all.  What else is told of them, an object of strings or NULL, stands in
 * safetensors alone. */
bool weights_write(const struct model *model, json_t *metadata, const struct weights_format *format, const char *path,
                   struct hrm_error *error);

#endif

/* NumPy's .npz: a zip archive of .npy files, one an array, NAME.npy. */
#ifndef HRM_NPZ_H
#define HRM_NPZ_H

#include "runtime/archive.h"
#include "runtime/tensor_file.h"

/* Fills the entries of a file that tensor_file_parse began; compressed members too. */
bool npz_parse(struct tensor_file *file, const struct archive *archive, struct hrm_error *error);

/* Writes a file that appears whole or not at all: members without compression, as numpy.savez has them. */
bool npz_write(const char *path, const struct tensor_entry *entries, int count, struct hrm_error *error);

#endif

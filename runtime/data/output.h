/* The folder that a builder makes: written under another name beside its own and renamed when it is complete, so that
 * a failure or an interrupt leaves nothing half-written. */
#ifndef HRM_DATA_OUTPUT_H
#define HRM_DATA_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/atomic_file.h"
#include "runtime/error.h"

/* What every builder is asked. */
struct output_options {
  const char *path;
  bool force;    /* replace a data set that is there */
  bool skip_bad; /* leave out what is bad in the input and count it */
  uint64_t seed;
};

struct output {
  char *path;      /* as it will be called; owned */
  char *temporary; /* where to write until then; owned */
  int mark;        /* that it is under way (leftover.h); -1: none */
};

#define OUTPUT_NONE ((struct output){.mark = -1})

/* Refuses a path where something is, unless `force` is given and it is a data set (nothing but identifiers.json and
 * folders `train` and `test` of .json and .npy files), which output_commit will replace.  Missing parents are made.
 * What killed writers of the same path left beside it is removed. */
bool output_create(struct output *output, const char *path, bool force, struct hrm_error *error);
/* Puts the folder in place. On failure everything written is removed. Either way there is nothing left to abandon. */
bool output_commit(struct output *output, struct hrm_error *error);
/* Removes all that was written. Harmless after a commit and on OUTPUT_NONE. */
void output_abandon(struct output *output);

/* identifiers.json, a list of names by identifier; 0 is "<blank>".  Streamed. */
struct identifiers_writer {
  const char *folder; /* where it is; borrowed */
  struct atomic_file file;
  int64_t count; /* so far; the identifier of the next */
};
bool identifiers_begin(struct identifiers_writer *writer, const char *folder, struct hrm_error *error);
bool identifiers_add(struct identifiers_writer *writer, const char *name, struct hrm_error *error);
/* Either way there is nothing left to abandon. */
bool identifiers_finish(struct identifiers_writer *writer, struct hrm_error *error);
/* Harmless after identifiers_finish and on a writer that is all zeros. */
void identifiers_abandon(struct identifiers_writer *writer);

#endif

/* The folder of a training run.
 *
 *   settings.json          the resolved settings
 *   model.hrm              the model's source
 *   metrics.jsonl          one object a line; locked while a process trains here
 *   step_N.safetensors     checkpoints
 *   latest                 a symbolic link to the newest of them that proved good: training went on from it
 *
 * Every file but metrics.jsonl appears whole or not at all. */
#ifndef HRM_RUN_H
#define HRM_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/error.h"

struct run_folder {
  char *path;
  int metrics; /* descriptor of metrics.jsonl, locked; -1: not open */
};

/* A new run: the folder is made; if it is there it must hold nothing. */
bool run_create(struct run_folder *run, const char *path, struct hrm_error *error);
/* An existing run, to go on with.  What an interrupted write left behind is removed. */
bool run_open(struct run_folder *run, const char *path, struct hrm_error *error);
/* Removes a run that ended before it had a checkpoint; accepts one that is not there. */
bool run_discard(const char *path, struct hrm_error *error);
void run_close(struct run_folder *run); /* accepts {NULL, -1} */

bool run_write_settings(const struct run_folder *run, const json_t *settings, struct hrm_error *error);
bool run_write_source(const struct run_folder *run, const char *source, struct hrm_error *error);

/* settings.json of a folder; owned by the caller, NULL and a message on failure. */
json_t *run_read_settings(const char *path, struct hrm_error *error);

/* Appends one line. */
bool run_append_metrics(const struct run_folder *run, const json_t *object, struct hrm_error *error);

/* What the lines up to a step say: the last step whose "sets" were evaluated, or -1; the "seconds" of training so
 * far. */
struct run_history {
  int64_t evaluated;
  double seconds;
};

/* Drops the lines of later steps, and a line that was cut short. */
bool run_truncate_metrics(const struct run_folder *run, int64_t step, struct run_history *history,
                          struct hrm_error *error);

char *run_checkpoint_path(const struct run_folder *run, int64_t step); /* malloc'd; NULL: out of memory */

/* Points `latest` at a checkpoint that was written, then removes all older ones but the `keep` newest, this one among
 * them (0: keeps all). */
bool run_publish(const struct run_folder *run, int64_t step, int64_t keep, struct hrm_error *error);

/* Removes a checkpoint that proved bad. */
void run_withdraw(const struct run_folder *run, int64_t step);

/* The file that --checkpoint names: itself, or of a run folder its latest.  malloc'd; NULL and a message. */
char *run_resolve_checkpoint(const char *path, struct hrm_error *error);

#endif

/* A compiled model as a library: it loads weights, solves puzzles and trains.  hrmc writes this header for each model
 * with the model's prefix (--emit=header), and the library that has these functions (--emit=shared).
 *
 * A handle owns all that it needs; several of one model are independent.  Different threads may use different handles
 * at the same time; one handle belongs to one call at a time.  Calls start threads of OpenMP as they need them.
 * Nothing is printed, no signal is touched and the process is never ended.  Only where the model was compiled with
 * --contract=openblas is a setting of the process changed: OpenBLAS is told to use one thread.
 *
 * Tokens are numbers as the data set has them.  Arrays of several examples have one behind the other. */
#ifndef HRM_EMBED_MODEL_H
#define HRM_EMBED_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hrm_embed_model;

/* Calls return 0, or one of these codes, and then leave a text where `error` is not NULL. */
enum hrm_embed_code {
  HRM_EMBED_OK = 0,
  HRM_EMBED_INPUT = 1,      /* a mistake in what was given: a file, a token, an option */
  HRM_EMBED_LIMITATION = 3, /* right, but this machine or this library cannot do it */
  HRM_EMBED_BUG = 4,        /* a mistake of the library */
  HRM_EMBED_SYSTEM = 5,     /* memory, disk, permissions */
  HRM_EMBED_DIVERGED = 6    /* training met a value that is not finite */
};

struct hrm_embed_error {
  int code;
  char text[4096]; /* one message without a newline */
};

/* The version of hrmc that made the library; that of the header is HRM_EMBED_VERSION. */
const char *hrm_embed_version(void);

struct hrm_embed_options {
  int threads;   /* 0: one a core */
  int64_t batch; /* examples of a training step; 0: the handle does not train, and needs less memory */
  uint64_t seed; /* of fresh weights and of exploration in training */
};

/* Opens the model with the weights of a checkpoint (a file of train, of hrm_embed_save or any .pt, .npz or
 * safetensors file with the model's weights; or the folder of a run, for its latest), or with fresh ones where
 * checkpoint is NULL.  A handle that does not train takes the moving averages of the weights where the checkpoint has
 * them.  options may be NULL: all zeros.  On failure *model is NULL. */
int hrm_embed_open(struct hrm_embed_model **model, const char *checkpoint, const struct hrm_embed_options *options,
                   struct hrm_embed_error *error);

/* Frees everything; accepts NULL. */
void hrm_embed_close(struct hrm_embed_model *model);

/* Writes the weights to a safetensors file; it appears whole or not at all. */
int hrm_embed_save(const struct hrm_embed_model *model, const char *path, struct hrm_embed_error *error);

/* Answers `count` puzzles.
 *   inputs       [count][HRM_EMBED_INPUTS] tokens
 *   identifiers  [count] rows of the puzzle embedding; NULL: all 0 (a model without one does not look at them)
 *   segments     the most that a puzzle gets; 0: as many as in training
 *   halts        not 0: a puzzle stops when the model wants to halt
 *   predictions  [count][HRM_EMBED_LABELS] tokens, written
 *   confidences  [count] or NULL: the probability that the model gives its answer, written; 0 where the model does
 * not learn to halt */
int hrm_embed_solve(struct hrm_embed_model *model, const int32_t *inputs, const int32_t *identifiers, int64_t count,
                    int64_t segments, int halts, int32_t *predictions, float *confidences,
                    struct hrm_embed_error *error);

/* What a training step was like. */
struct hrm_embed_step {
  int64_t step;    /* the first of the handle is 1 */
  double loss;     /* mean over the batch of the loss of the labels */
  int64_t halted;  /* examples that had their last segment in this step; the next two are of them */
  double accuracy; /* mean share of labelled positions that are right */
  double exact;    /* share of examples with every labelled position right */
};

/* One optimiser step: a segment of each of the batch's examples, by the model's train block.
 *   inputs, labels, identifiers  `batch` examples, as for hrm_embed_solve; a label of -100 is not scored.  An example
 *                stays for as many steps as it has segments: what is offered to its place before it halts is dropped
 *   rate         multiplies the learning rates; 1: the model's own (a schedule is up to the caller)
 *   result       or NULL
 * After HRM_EMBED_DIVERGED the weights are spoilt. */
int hrm_embed_train(struct hrm_embed_model *model, const int32_t *inputs, const int32_t *labels,
                    const int32_t *identifiers, double rate, struct hrm_embed_step *result,
                    struct hrm_embed_error *error);

#ifdef __cplusplus
}
#endif

#endif

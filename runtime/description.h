/* The description of a compiled model (runtime/hrm.h), parsed and checked.
 *
 * The compiler writes the text, so anything wrong with it is our bug; it is checked all the same, because every
 * address that generated code gets is computed from it. */
#ifndef HRM_DESCRIPTION_H
#define HRM_DESCRIPTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/error.h"
#include "runtime/shape.h"
#include "runtime/tensor_file.h"

enum distribution { DISTRIBUTION_CONSTANT, DISTRIBUTION_TRUNC_NORMAL, DISTRIBUTION_NORMAL, DISTRIBUTION_UNIFORM };

struct weight_info {
  const char *path;
  struct shape shape;
  bool trained;
  int group;      /* of the optimiser; -1 where not trained */
  bool sparse;    /* a table whose rows the runtime looks up; not among the weights that generated code sees */
  int64_t offset; /* in floats; -1 where sparse */
  int64_t block;  /* in floats, of those that are packed together (runtime/hrm.h); 0: the weight is not packed */
  int64_t packed_bytes; /* of its packed copies */
  enum distribution init;
  double init_scale;
};

enum slot_role {
  SLOT_INPUT,
  SLOT_LABEL,
  SLOT_STATE,
  SLOT_ROWS,
  SLOT_ROWS_GRAD,
  SLOT_CONTROL,
  SLOT_NOISE,
  SLOT_OUTPUT,
  SLOT_TRACE
};

struct tensor_info {
  const char *name;
  enum slot_role role;
  enum stored_dtype dtype; /* I32, F32, or BF16 (states alone) */
  struct shape shape;      /* of one example */
  int64_t bound;           /* inputs and labels: values are below it, labels also below the logits' width; 0: none */
  int table;               /* ROWS: number of the sparse weight, else -1 */
  int index;               /* ROWS: number of the input that names the row, else -1 */
  int of;                  /* ROWS_GRAD: number of the ROWS tensor, else -1 */
};

/* The tensors that the runtime itself reads or writes: NAME(identifier, name, role, required) */
#define STANDARD_TENSORS(NAME)                                                                                       \
  NAME(INPUTS, "inputs", SLOT_INPUT, true)                                                                           \
  NAME(PUZZLE_IDENTIFIERS, "puzzle_identifiers", SLOT_INPUT, false)                                                  \
  NAME(LABELS, "labels", SLOT_LABEL, true)                                                                           \
  NAME(RESET, "reset", SLOT_CONTROL, false)                                                                          \
  NAME(LAST, "last", SLOT_CONTROL, false)                                                                            \
  NAME(PREDICTION, "prediction", SLOT_OUTPUT, true)                                                                  \
  NAME(HALT, "halt", SLOT_OUTPUT, true)                                                                              \
  NAME(CONTINUE, "continue", SLOT_OUTPUT, false)                                                                     \
  NAME(LM_LOSS, "lm_loss", SLOT_OUTPUT, true)                                                                        \
  NAME(HALT_LOSS, "halt_loss", SLOT_OUTPUT, false)                                                                   \
  NAME(CONTINUE_LOSS, "continue_loss", SLOT_OUTPUT, false)                                                           \
  NAME(TARGET_CONTINUE, "target_continue", SLOT_OUTPUT, false)                                                       \
  NAME(CORRECT, "correct", SLOT_OUTPUT, true)                                                                        \
  NAME(ACCURACY, "accuracy", SLOT_OUTPUT, true)                                                                      \
  NAME(TRACE_LIMIT, "trace_limit", SLOT_CONTROL, false)                                                              \
  NAME(TRACE_STEPS, "trace_steps", SLOT_TRACE, false)

enum standard_tensor {
#define STANDARD_ENUMERATE(identifier, name, role, required) TENSOR_##identifier,
  STANDARD_TENSORS(STANDARD_ENUMERATE)
#undef STANDARD_ENUMERATE
      TENSOR_STANDARD_COUNT
};

enum optimizer_kind { OPTIMIZER_ADAM_ATAN2, OPTIMIZER_ADAMW, OPTIMIZER_SGD, OPTIMIZER_SIGN_SGD };

struct optimizer_group {
  enum optimizer_kind kind;
  double lr, beta1, beta2, weight_decay, eps, momentum;
};

enum act_kind { ACT_Q_LEARNING, ACT_HALT_HEAD, ACT_FIXED };

struct act_policy {
  enum act_kind kind;
  int64_t max_segments;
  double exploration;
};

enum schedule_kind { SCHEDULE_CONSTANT, SCHEDULE_COSINE };

struct schedule {
  enum schedule_kind kind;
  int64_t warmup; /* steps */
  double floor;   /* share of the base rate at the end of a cosine */
};

struct description {
  json_t *json; /* owns every text below */
  const char *model, *compiler, *source, *target_cpu, *target_features, *precision;
  const json_t *configs; /* an object */
  int64_t tile;
  int64_t weight_count_floats;       /* extent of the weights that generated code sees */
  int64_t shared_bytes, arena_bytes; /* arena_bytes: enough for each of the functions */
  int64_t local_bytes;               /* of a thread; likewise */
  double forward_flops, train_flops; /* of one example */
  const json_t *kernels;             /* an array of {"name", "flops"}, or NULL */

  int weight_count;
  struct weight_info *weights;
  int tensor_count;
  struct tensor_info *tensors;
  int standard[TENSOR_STANDARD_COUNT]; /* numbers of tensors; -1: the model has none */
  int group_count;
  struct optimizer_group *groups;

  struct act_policy act;
  struct schedule schedule;
  int64_t batch, epochs, steps; /* of the train block; 0: not given */
  double ema, clip;             /* 0: none */
};

bool description_parse(struct description *d, const char *text, struct hrm_error *error);
void description_free(struct description *d); /* accepts all zeros */

int description_find_weight(const struct description *d, const char *path); /* its number, or -1 */
int description_find_tensor(const struct description *d, const char *name);
int64_t description_parameters(const struct description *d,
                               bool sparse); /* trained numbers in dense or sparse weights */

const char *optimizer_kind_name(enum optimizer_kind kind);
const char *act_kind_name(enum act_kind kind);
const char *schedule_kind_name(enum schedule_kind kind);

#endif

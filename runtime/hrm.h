/* The border between generated code and C.
 *
 * hrmc turns a model into five functions and a description.  The runtime owns all memory and all policy (which slots
 * halt, when to step, what to save); generated code owns all arithmetic of one segment.  Nothing on the runtime's
 * side knows a model's architecture. */
#ifndef HRM_H
#define HRM_H

#include <stdint.h>

/* What one call of generated code works on: n consecutive slots.  A team of threads may share a tile: each calls with
 * the same addresses but for `local`, and takes its part of every kernel; values do not depend on their number. */
struct hrm_tile {
  int64_t n;               /* examples, 1 <= n <= "tile" of the description */
  const void *weights;     /* "weight_bytes", 64-byte aligned; weights at their offsets */
  void *shared;            /* "shared_bytes", 64-byte aligned; written by pack and prepare alone */
  void *arena;             /* "arena_bytes", 64-byte aligned; contents do not matter before or after */
  void *gradients;         /* laid out like weights, float32; train adds to it; NULL for forward */
  void *const *tensors;    /* one address per entry of "tensors": this tile's first example; examples are contiguous.
                              train writes the gradient of a "rows" tensor to the "rows_grad" tensor that names it */
  void *local;             /* "local_bytes" of this thread alone, 64-byte aligned */
  int64_t member, members; /* this thread's number in the team, and how many it has (0 counts as 1) */
  /* Called after each kernel with its number in "kernels"; has to wait until all threads of the team are there.  NULL
   * where one thread is alone. */
  void (*finished)(const struct hrm_tile *tile, int64_t kernel);
  void *team; /* for `finished`; generated code does not look at it */
};

typedef void hrm_entry(const struct hrm_tile *tile);

/* Packs blocks first … next-1 of a weight, whose number is that in "weights": copies them to where, and as, kernels
 * read them.  It uses weights and shared alone, and the thread that calls it is no part of a team; several may pack
 * different blocks at the same time. */
typedef void hrm_pack(const struct hrm_tile *tile, int64_t weight, int64_t first, int64_t next);

/* The symbols of a compiled model.  After a change of a weight its blocks have to be packed; then prepare, which uses
 * weights and shared alone, computes what else depends on the weights. */
hrm_pack hrm_model_pack;
hrm_entry hrm_model_prepare, hrm_model_forward, hrm_model_train, hrm_model_trace;
extern const char hrm_model_description[];

/* A compiled model, linked or loaded. */
struct hrm_code {
  const char *description;
  hrm_pack *pack;
  hrm_entry *prepare, *forward, *train;
  hrm_entry *trace; /* forward, stopped after "trace_limit" steps */
};

/* The number of this border, which changes with it: generated code and a runtime of different ones do not fit. */
enum { HRM_FORMAT = 2 };

/* The description is JSON:
 *
 * { "format": 2, "model": "HRM", "hrmc": "0.1.0", "source": "<text of the .hrm file>",
 *   "target": {"cpu": "znver4", "features": "…"},
 *   "precision": "f32|bf16",                                                of activations
 *   "configs": {"hidden_size": 512, "loss_type": "stablemax", …},          compile-time settings, resolved
 *   "tile": 4, "weight_bytes": N, "shared_bytes": N, "local_bytes": N,
 *   "arena_bytes": {"prepare": N, "forward": N, "train": N, "trace": N},
 *   "kernels": [{"name": "contract_7_m81_n32_k128", "flops": N}, …],        FLOPs of one call for one example
 *   "flops": {"forward": N, "train": N},                                    of one example
 *   "weights": [{"path": "lm_head.weight", "shape": [11, 512], "trained": true, "group": 0, "sparse": false,
 *                "offset": BYTES,                                           absent where sparse
 *                "packed": {"block": BYTES, "bytes": N},                    where pack has to be called: the block
 *                                                                           of the weight, and of all its copies
 *                "init": {"kind": "constant|trunc_normal|normal|uniform", "scale": 0.04}}, …],
 *   "groups": [{"optimizer": "adam_atan2|adamw|sgd|sign_sgd", "lr": 1e-4, "beta1": 0.9, "beta2": 0.95,
 *               "weight_decay": 1.0, "eps": 1e-8, "momentum": 0}, …],       each has what its optimiser needs
 *   "tensors": [{"name": "inputs", "role": "input", "dtype": "i32", "shape": [81], "bound": 11}, …],
 *   "act": {"kind": "q_learning|halt_head|fixed", "max_segments": 16, "exploration": 0.1},
 *   "train": {"batch": 384, "schedule": {"kind": "constant|cosine", "warmup": 2000, "floor": 1.0}, "ema": 0, "clip":
 * 0} }
 *
 * Roles of tensors, all per example:
 * - input, label: from the data set by their names ("inputs", "labels", "puzzle_identifiers"), i32; a label that is
 * not scored is -100.
 * - state: the carry, f32 or bf16; read and rewritten by every call; the runtime saves it but never looks into it.
 * - rows: "table" is the path of a sparse weight, "index" the name of the input that names the row, with a bound of
 * at most the number of rows; the runtime copies weights' rows here before a call.
 * - rows_grad: "of" is the name of the rows tensor; train writes the gradient of those rows here.
 * - control: "reset" f32 []: 1 where the states restart from their initial values in this call; "last" f32 []: 1
 * where this call is the example's last segment (step >= max): the continue target (only train reads it).
 *   "trace_limit" f32 []: how many steps (assignments to states, and to variables in loops) trace may make in this
 *   call; from there on it leaves the states as they are, and the outputs are decoded from those (only trace reads
 * it).
 * - noise: f32; standard normal numbers before a step of training, zeros otherwise.
 * - output: the model's own ("logits", …) and the standard ones: "prediction" i32, shape of the label: argmax of
 *   "logits"; "halt" f32 []: the halt value (a logit; 0 where act is fixed); "continue" f32 []: likewise; written by
 *   train only: "lm_loss", "halt_loss", "continue_loss" f32 []: of each example; the gradient is of Σ over examples
 * of lm_loss + 0.5 · (halt_loss + continue_loss): the runtime divides by the batch; "target_continue" f32 [];
 *   "correct" f32 []: 1 where every labelled position is right; "accuracy" f32 []: share of labelled positions that
 * are right (1 where none is labelled).
 * - trace: f32; written by trace, which does what forward does, alone; the runtime has memory for it only while it
 * traces: "trace_steps" []: how many steps were made; "trace.NAME": variable NAME of the segment, which is no state.
 *
 * Optimisers, as in the HRM paper and its code: see runtime/optimizer.h. */

#endif

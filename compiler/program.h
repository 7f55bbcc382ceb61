/* The checked model: what elaboration makes of a syntax tree, and what the passes, the planner and the description
 * read.
 *
 * A program has symbols (every tensor that crosses the border to the runtime) and graphs over them.  All graphs of
 * one program share the symbol objects. */
#ifndef HRMC_PROGRAM_H
#define HRMC_PROGRAM_H

#include "diag.h"
#include "graph.h"

enum init_kind { INIT_CONSTANT, INIT_TRUNC_NORMAL, INIT_NORMAL, INIT_UNIFORM };

/* How a weight starts.  TRUNC_NORMAL: cut at ±2 nominal deviations, rescaled so that `scale` is its deviation. */
struct init {
  enum init_kind kind;
  double scale; /* constant value; standard deviation; half-width of uniform */
};

struct weight {
  struct symbol *symbol; /* PARAM or BUFFER */
  struct init init;
  int group;         /* optimiser group of a PARAM; -1 for a BUFFER */
  bool sparse;       /* a table whose rows the runtime looks up (its group is sign_sgd); not in SPACE_WEIGHTS */
  int64_t offset;    /* bytes in SPACE_WEIGHTS, a multiple of 64; -1 where sparse */
  struct span place; /* where the model's file makes it: its declaration, or the call of a library's module */
};

/* A tensor of the table of the runtime (SPACE_IO); its number is its place in program.tensors. */
struct tensor {
  struct symbol *symbol;
  int64_t bound;        /* INPUT, LABEL: values are below it (labels may also be negative: not scored); else 0 */
  struct weight *table; /* ROWS: the sparse table */
  int rows_index;       /* ROWS: number of the INPUT tensor (i32 []) that names the row */
  bool is_traced;       /* OUTPUT: written by trace alone */
  int gradient;         /* ROWS: number of the OUTPUT tensor that takes the rows' gradient; else -1 */
};

enum setting_kind { SETTING_NUMBER, SETTING_TEXT };

/* A resolved compile-time config, or one entry of a run-time setting. */
struct setting {
  const char *name;
  enum setting_kind kind;
  double number;
  bool is_integer;
  const char *text;
};

/* One optimiser with its parameter group, one schedule, one act policy: a name and settings in order. */
struct policy {
  /* "adam_atan2", "adamw", "sgd", "sign_sgd"; "constant", "cosine"; "q_learning", "halt_head", "fixed" */
  const char *kind;
  const struct setting *settings;
  int count;
};

struct program {
  const char *name; /* of the model */
  struct arena *arena;
  enum dtype precision; /* of activations, and of states that are matrices: f32 or bf16 */
  struct setting *configs;
  int config_count;

  struct weight **weights;
  int weight_count;
  int64_t weight_bytes; /* extent of SPACE_WEIGHTS */
  struct tensor *tensors;
  int tensor_count;

  struct policy *groups; /* optimiser groups; weight.group indexes them */
  int group_count;
  struct policy act, schedule;
  int64_t batch;    /* 0: not given */
  double ema, clip; /* 0: none */

  struct graph *forward; /* one segment: inputs, states, reset -> outputs, states */
  struct graph *train;   /* the same, with losses, targets and LOSS */
  struct graph *trace;   /* forward, stopped after "trace_limit" steps (elab_trace.c) */
};

int program_tensor(const struct program *p,
                   const struct symbol *symbol); /* its number; that there is none is a bug */

#endif

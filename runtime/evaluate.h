/* Running a model without training it. */
#ifndef HRM_EVALUATE_H
#define HRM_EVALUATE_H

#include <jansson.h>

#include "runtime/model.h"

struct evaluation_options {
  int64_t max_segments;
  int64_t limit;    /* examples of each set; 0: all */
  bool spread;      /* with a limit: examples spread evenly over the set, in place of the first */
  bool halt;        /* an example stops when its halt head says so; else it runs max_segments, as published */
  double halt_from; /* with halt: only where the head gives the answer this probability of being right, or more */
  double deadline; /* by clock_seconds; 0: none.  Every example has one segment; it has another only if that is likely
                    * to end within the example's share of the time that is left */
};

/* Sums over the examples of a set that have a labelled position. */
struct evaluation {
  int64_t examples;
  double exact;      /* every labelled position right */
  double accuracy;   /* share of labelled positions that are right */
  double halt_right; /* halt value not below 0 exactly where every position is right */
  double segments;
};

/* An example has had a segment in this slot: "prediction" and the other outputs are there, and slots->halted says
 * whether it was its last.  Spread examples are numbered in their order. */
typedef void evaluation_visitor(void *context, const struct slots *slots, int64_t slot, int64_t example);

/* Called after each segment; false ends the run. */
typedef bool evaluation_progress(void *context, int64_t done, int64_t total);

/* What runs examples through the slots: a slot whose example has stopped takes the next at once. */
struct evaluator {
  struct model *model;
  struct slots *slots; /* all of them are used */
  struct evaluation_options options;
  evaluation_visitor *visit; /* NULL: none */
  void *visit_context;
  evaluation_progress *progress; /* NULL: none */
  void *progress_context;
};

/* Examples of a set in order.  Fails with HRM_INTERRUPTED where progress ended it; *result counts what was done. */
bool evaluate_set(const struct evaluator *e, const struct dataset_set *set, struct evaluation *result,
                  struct hrm_error *error);

/* `count` inputs of the model's sequence length one behind the other. */
bool evaluate_tokens(const struct evaluator *e, const int32_t *inputs, int64_t count, int32_t puzzle_identifier,
                     struct hrm_error *error);

/* {"examples", "exact_accuracy", "cell_accuracy", "halt_accuracy", "mean_segments"}; halt_accuracy is null where the
 * model has no halt head. */
json_t *evaluation_json(const struct evaluation *e, enum act_kind act);

#endif

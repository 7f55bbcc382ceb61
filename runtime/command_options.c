#include "runtime/commands.h"

/* Generated code reads logits at labels, and tables at identifiers. */
static bool check_labels(const struct dataset *dataset, const struct description *d, struct hrm_error *error) {
  int64_t bound = d->tensors[d->standard[TENSOR_LABELS]].bound;
  if (bound == 0 || dataset->vocab_size <= bound) return true;
  return hrm_fail(error, HRM_INPUT, "%s: vocab_size is %d; the model was compiled for labels below %lld",
                  dataset->path, dataset->vocab_size, (long long)bound);
}

bool command_check_dataset(const struct dataset *dataset, const struct description *d, struct hrm_error *error) {
  int identifiers = d->standard[TENSOR_PUZZLE_IDENTIFIERS];
  const struct tensor_info *inputs = &d->tensors[d->standard[TENSOR_INPUTS]];
  const struct dataset_sizes sizes = {.vocab_size = inputs->bound ? inputs->bound : dataset->vocab_size,
                                      .seq_len = inputs->shape.count,
                                      .num_puzzle_identifiers = identifiers >= 0 && d->tensors[identifiers].bound
                                                                    ? d->tensors[identifiers].bound
                                                                    : dataset->num_puzzle_identifiers};
  return dataset_fits(dataset, &sizes, true, error) && check_labels(dataset, d, error);
}

bool command_print_json(json_t *json, size_t flags, struct hrm_error *error) {
  bool printed = json && json_dumpf(json, stdout, flags) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;
  json_decref(json);
  return printed || hrm_fail(error, HRM_SYSTEM, "the result cannot be written");
}

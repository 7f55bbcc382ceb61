#include "runtime/commands.h"

#include "runtime/page.h"

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

void command_check_report(struct argp_state *state, const struct report_options *o) {
  if (!o->output && !o->json) argp_error(state, "--output is missing, and --json too: nothing would be shown");
}

bool command_show_report(const struct report_options *o, json_t *report, const char *checkpoint, const char *data,
                         struct hrm_error *error) {
  json_object_set_new(report, "checkpoint", json_string(checkpoint));
  json_object_set_new(report, "data", json_string(data));
  if (o->output && !page_write(o->output, json_incref(report), error)) return json_decref(report), false;
  if (o->json) return command_print_json(report, 0, error);
  json_decref(report);
  return true;
}

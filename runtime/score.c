#include "runtime/score.h"

#include "runtime/text.h"

const struct score_name score_names[SCORE_NAMES] = {{"valid_accuracy", "valid"}, {"task_score", "score"}};

/* Demonstrations and shifted grids are not what ARC is scored by. */
static bool is_for_testing(const struct dataset *dataset) { return !ends_in(dataset->path, "train"); }

bool scorer_open(struct scorer **scorer, const struct dataset *dataset, const struct dataset_set *set,
                 const char *directory, struct hrm_error *error) {
  enum dataset_kind kind = dataset_kind(dataset);
  bool wanted = kind == DATASET_MAZE || (kind == DATASET_ARC && is_for_testing(dataset));
  *scorer = NULL;
  if (!wanted) return true;
  *scorer =
      kind == DATASET_MAZE ? maze_scorer_new(dataset, set, error) : arc_scorer_new(dataset, set, directory, error);
  return *scorer;
}

bool scorer_check(const struct dataset *dataset, const char *directory, struct hrm_error *error) {
  bool can = true;
  for (int i = 0; can && i < dataset->num_sets; i++) {
    struct scorer *scorer;
    can = scorer_open(&scorer, dataset, &dataset->sets[i], directory, error);
    scorer_close(scorer);
  }
  return can;
}

void scorer_visit(void *scorer, const struct slots *slots, int64_t slot, int64_t example) {
  const struct description *d = slots->description;
  const int32_t *prediction = slots_tensor(slots, d->standard[TENSOR_PREDICTION], slot);
  const float *halt = slots_standard(slots, TENSOR_HALT);
  if (slots->halted[slot]) scorer_add(scorer, example, prediction, halt ? halt[slot] : 0);
}

void scorer_add(struct scorer *scorer, int64_t example, const int32_t *prediction, float halt) {
  if (scorer) scorer->kind->add(scorer, example, prediction, halt);
}

bool scorer_finish(struct scorer *scorer, json_t *result, json_t *submission, struct hrm_error *error) {
  return !scorer || scorer->kind->finish(scorer, result, submission, error);
}

void scorer_close(struct scorer *scorer) {
  if (scorer) scorer->kind->close(scorer);
}

static json_t *evaluate_scored(const struct evaluator *e, const struct dataset_set *set, struct evaluation *sums,
                               struct hrm_error *error) {
  if (!evaluate_set(e, set, sums, error)) return NULL;
  json_t *result = evaluation_json(sums, e->model->description->act.kind);
  if (scorer_finish(e->visit_context, result, NULL, error)) return result;
  json_decref(result);
  return NULL;
}

json_t *score_set(const struct evaluator *e, const struct dataset *dataset, const struct dataset_set *set,
                  const char *directory, struct evaluation *sums, struct hrm_error *error) {
  struct evaluator scored = *e;
  struct scorer *scorer;
  if (!scorer_open(&scorer, dataset, set, directory, error)) return NULL;
  scored.visit = scorer_visit, scored.visit_context = scorer;
  json_t *result = evaluate_scored(&scored, set, sums, error);
  scorer_close(scorer);
  return result;
}

/* Scores that a kind of puzzle has beside exact answers, from predictions in any order.
 *
 * Mazes: a prediction is valid where it is the maze with any shortest path.
 * ARC: the predictions for all augmentations of a test input vote.  Each is cropped and its augmentation undone,
 * equal grids are counted, and the two with most votes, then with the higher mean of sigmoid(halt), are the attempts.
 */
#ifndef HRM_SCORE_H
#define HRM_SCORE_H

#include <jansson.h>

#include "runtime/dataset.h"
#include "runtime/evaluate.h"

struct scorer; /* NULL: the kind of puzzle has no such score; all functions accept it */

/* A scorer of one set; directory is that of the data set, whose identifiers.json names the tasks of ARC. */
bool scorer_open(struct scorer **scorer, const struct dataset *dataset, const struct dataset_set *set,
                 const char *directory, struct hrm_error *error);

/* Whether the sets of a data set can be scored: what is missing is told before a long run. */
bool scorer_check(const struct dataset *dataset, const char *directory, struct hrm_error *error);

/* An evaluation_visitor whose context is the scorer: adds what an example's last segment predicts. */
void scorer_visit(void *scorer, const struct slots *slots, int64_t slot, int64_t example);

/* Takes the last prediction for an example; each once. halt is the value of the halt head before the sigmoid. */
void scorer_add(struct scorer *scorer, int64_t example, const int32_t *prediction, float halt);

/* Adds to a set's result:
 *   mazes  "valid_accuracy"        share of examples with a valid prediction, exact ones included
 *          "valid_other_accuracy"  share whose prediction is valid but not the data set's
 *   ARC    "tasks"                 of which predictions were seen and answers are known
 *          "task_score"            mean over tasks of the share of test inputs that one of two attempts gets right
 *          "tasks_solved"          share of tasks with all test inputs right
 * Puts what the prize wants into submission, task -> [{"attempt_1", "attempt_2"}, …], for ARC; NULL: not wanted. */
bool scorer_finish(struct scorer *scorer, json_t *result, json_t *submission, struct hrm_error *error);
void scorer_close(struct scorer *scorer);

/* Evaluates a set as its kind of puzzle is scored: *sums, and evaluation_json of them with what the scorer adds; NULL
 * and a message otherwise.  The visitor of e is not called. */
json_t *score_set(const struct evaluator *e, const struct dataset *dataset, const struct dataset_set *set,
                  const char *directory, struct evaluation *sums, struct hrm_error *error);

/* What of these is told beside exact answers, wherever results are summed up. */
struct score_name {
  const char *key; /* in a set's result */
  const char *name;
};
enum { SCORE_NAMES = 2 };
extern const struct score_name score_names[SCORE_NAMES];

/* The kinds of scorers, each with what it needs. A scorer begins with its kind. */
struct scorer_kind {
  void (*add)(struct scorer *scorer, int64_t example, const int32_t *prediction, float halt);
  bool (*finish)(struct scorer *scorer, json_t *result, json_t *submission, struct hrm_error *error);
  void (*close)(struct scorer *scorer);
};
struct scorer {
  const struct scorer_kind *kind;
};

struct scorer *maze_scorer_new(const struct dataset *dataset, const struct dataset_set *set, struct hrm_error *error);
struct scorer *arc_scorer_new(const struct dataset *dataset, const struct dataset_set *set, const char *directory,
                              struct hrm_error *error);

#endif

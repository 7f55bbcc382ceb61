/* Tasks of the Abstraction and Reasoning Corpus, read from the published forms:
 *   a file for each task, {"train": [{"input": GRID, "output": GRID}, …], "test": […]}, in folders, of which those
 *   called "evaluation" hold tasks to test on;
 *   NAME_challenges.json, {TASK: {"train": …, "test": [{"input": GRID}, …]}, …}, beside NAME_solutions.json,
 *   {TASK: [GRID, …]}, where there is one; tasks to test on where "evaluation" or "test" is in NAME.  In a folder
 *   with such files sample_submission.json, which comes with them, is none. */
#ifndef HRM_DATA_ARC_TASKS_H
#define HRM_DATA_ARC_TASKS_H

#include "runtime/arc.h"
#include "runtime/error.h"

enum { ARC_MAX_PAIRS = 100 };

struct arc_pair {
  struct arc_grid input, output;
  bool is_test, has_output;
};

struct arc_task {
  char *name;
  char *file;       /* where it was read */
  bool for_testing; /* its test pairs belong to the test split */
  int pairs;
  struct arc_pair *pair; /* demonstrations first */
};

struct arc_tasks {
  struct arc_task *task;
  int64_t count, capacity;
  bool skip_bad; /* leave out tasks and files that are not as published */
  int64_t bad;   /* left out; the first with the message of `why` */
  struct hrm_error why;
};

/* Adds the tasks of a file, or of all .json files in a folder and its folders, in the order of their names. */
bool arc_tasks_read(struct arc_tasks *tasks, const char *path, struct hrm_error *error);
/* Orders the tasks by name; two of one name are an error, or the later one is bad. */
bool arc_tasks_sort(struct arc_tasks *tasks, struct hrm_error *error);
void arc_tasks_free(struct arc_tasks *tasks);
void arc_task_free(struct arc_task *task);

/* Adds what one text says, as the file `path` would. For-testing tasks and solutions come with it. */
struct arc_text {
  const char *path;
  const char *text; /* ends in 0 */
  size_t length;
};
bool arc_tasks_parse(struct arc_tasks *tasks, const struct arc_text *text, const struct arc_text *solutions,
                     bool for_testing, struct hrm_error *error);

#endif

#include "runtime/data/puzzle_sets.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/interrupt.h"

bool data_goes_on(struct progress *progress, const char *unit, int64_t done, int64_t total, struct hrm_error *error) {
  if (interrupt_requested()) return hrm_fail(error, HRM_INTERRUPTED, "interrupted; nothing was written");
  if (progress->terminal && progress_due(progress)) progress_show(progress, unit, done, total, "", -1);
  return true;
}

/* ---- Writing ---- */

enum { SLAB_BYTES = 1 << 20 };

static int64_t slab_examples(const struct puzzle_job *job) {
  return job->cells < SLAB_BYTES ? SLAB_BYTES / job->cells : 1;
}

/* Makes the examples first … first+count-1 of the puzzles. */
static void make_slab(struct puzzle_job *job, const struct puzzle_set *set, const uint8_t *puzzles, int64_t first,
                      int64_t count) {
  int64_t each = 1 + set->augment, cells = job->cells, before = set->have;
#pragma omp parallel for schedule(static) if (count * cells > 1 << 14)
  for (int64_t i = 0; i < count; i++) {
    int64_t puzzle = (first + i) / each, which = (first + i) % each;
    const uint8_t *question = puzzles + puzzle * puzzle_bytes(job);
    job->kind->augment(job->context, question, question + cells, (uint64_t)(before + puzzle), which,
                       job->inputs + i * cells, job->labels + i * cells);
  }
}

static bool end_examples(struct split_writer *split, int64_t first, int64_t count, int64_t each,
                         struct hrm_error *error) {
  for (int64_t i = first; i < first + count; i++) {
    if (!split_end_puzzle(split, 1, 0, error)) return false;
    if ((i + 1) % each == 0 && !split_end_group(split, error)) return false;
  }
  return true;
}

bool puzzle_sets_add(struct puzzle_job *job, struct puzzle_set *set, const uint8_t *puzzles, int64_t count,
                     struct hrm_error *error) {
  int64_t each = 1 + set->augment, examples = count * each, total = job->options->train + job->options->test;
  int64_t before = job->sets[TRAIN_SET].have + job->sets[TEST_SET].have, slab = slab_examples(job);
  for (int64_t first = 0; first < examples; first += slab) {
    int64_t now = examples - first < slab ? examples - first : slab;
    if (!data_goes_on(&job->progress, "puzzle", before + first / each, total, error)) return false;
    make_slab(job, set, puzzles, first, now);
    if (!split_add_examples(&set->split, job->inputs, job->labels, now, error)) return false;
    if (!end_examples(&set->split, first, now, each, error)) return false;
  }
  set->have += count;
  return true;
}

/* ---- The data set ---- */

static const char *const split_names[NUM_SETS] = {"train", "test"};

static bool create_splits(struct puzzle_job *job, const char *folder, struct hrm_error *error) {
  for (int i = 0; i < NUM_SETS; i++)
    if (job->sets[i].wanted > 0 && !split_create(&job->sets[i].split, folder, split_names[i], job->cells, error))
      return false;
  return true;
}

static bool finish_splits(struct puzzle_job *job, const struct split_facts *facts, struct hrm_error *error) {
  bool ok = true;
  for (int i = 0; ok && i < NUM_SETS; i++)
    if (job->sets[i].wanted > 0) ok = split_finish(&job->sets[i].split, facts, error);
  return ok;
}

static bool fill(struct puzzle_job *job, struct hrm_error *error) {
  size_t bytes = (size_t)(slab_examples(job) * job->cells);
  job->inputs = malloc(bytes);
  job->labels = malloc(bytes);
  bool ok = job->inputs && job->labels;
  if (!ok)
    hrm_fail(error, HRM_SYSTEM, "out of memory");
  else
    ok = job->options->csv ? puzzle_sets_read(job, error) : puzzle_sets_generate(job, error);
  free(job->inputs);
  free(job->labels);
  progress_clear(&job->progress);
  return ok;
}

static bool make_splits(struct puzzle_job *job, const struct split_facts *facts, const struct output *output,
                        struct hrm_error *error) {
  struct identifiers_writer identifiers = {0};
  bool ok = create_splits(job, output->temporary, error) && fill(job, error) && finish_splits(job, facts, error) &&
            identifiers_begin(&identifiers, output->temporary, error) && identifiers_finish(&identifiers, error);
  identifiers_abandon(&identifiers);
  for (int i = 0; i < NUM_SETS; i++) split_abandon(&job->sets[i].split);
  return ok;
}

bool puzzle_sets_make(struct puzzle_job *job, const struct split_facts *facts, struct hrm_error *error) {
  const struct puzzle_options *options = job->options;
  job->progress = progress_new(stderr);
  job->sets[TRAIN_SET] = (struct puzzle_set){.wanted = options->train, .augment = options->augment};
  job->sets[TEST_SET] = (struct puzzle_set){.wanted = options->test};
  struct output output;
  if (!output_create(&output, options->output.path, options->output.force, error)) return false;
  if (make_splits(job, facts, &output, error)) return output_commit(&output, error);
  output_abandon(&output);
  return false;
}

void puzzle_sets_report(const struct puzzle_options *options) {
  printf("%s: %lld training puzzles (%lld examples), %lld test puzzles\n", options->output.path,
         (long long)options->train, (long long)(options->train * (1 + options->augment)), (long long)options->test);
}

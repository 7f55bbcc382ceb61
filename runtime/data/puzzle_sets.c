#include "runtime/data/puzzle_sets.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/interrupt.h"
#include "runtime/text.h"

bool data_goes_on(struct progress *progress, const char *unit, int64_t done, int64_t total, struct hrm_error *error) {
  if (interrupt_requested()) return hrm_fail(error, HRM_INTERRUPTED, "interrupted; nothing was written");
  if (progress->terminal && progress_due(progress)) progress_show(progress, unit, done, total, "", -1);
  return true;
}

/* ---- Writing ---- */

/* Few enough for a core's cache. */
enum { SLAB_BYTES = 1 << 17 };

static int64_t slab_examples(const struct puzzle_job *job) {
  return job->cells < SLAB_BYTES ? SLAB_BYTES / job->cells : 1;
}

/* Examples first … end-1 of puzzles that follow those a set has. */
struct slab {
  struct puzzle_set *set;
  const uint8_t *puzzles;
  int64_t first, end;
};

static void make_slab(const struct puzzle_job *job, const struct slab *slab, uint8_t *inputs, uint8_t *labels) {
  int64_t each = 1 + slab->set->augment, cells = job->cells;
  for (int64_t i = slab->first; i < slab->end; i++) {
    int64_t puzzle = i / each, at = (i - slab->first) * cells;
    const uint8_t *question = slab->puzzles + puzzle * puzzle_bytes(job);
    job->kind->augment(job->context, question, question + cells, (uint64_t)(slab->set->have + puzzle), i % each,
                       inputs + at, labels + at);
  }
}

static int64_t total_puzzles(const struct puzzle_job *job) { return job->options->train + job->options->test; }

/* By one thread at a time, whose turn need not be that of the slab. */
static bool write_slab(struct puzzle_job *job, const struct slab *slab, const uint8_t *inputs, const uint8_t *labels,
                       struct hrm_error *error) {
  struct split_writer *split = &slab->set->split;
  int64_t have = job->sets[TRAIN_SET].have + job->sets[TEST_SET].have, each = 1 + slab->set->augment;
  return data_goes_on(&job->progress, "puzzle", have + slab->first / each, total_puzzles(job), error) &&
         split_put_examples(split, split->examples + slab->first, inputs, labels, slab->end - slab->first, error);
}

static bool make_examples(struct puzzle_job *job, struct puzzle_set *set, const uint8_t *puzzles, int64_t count,
                          struct hrm_error *error) {
  int64_t size = slab_examples(job), slabs = (count + size - 1) / size;
  bool ok = true;
#pragma omp parallel for schedule(dynamic) if (slabs > 1)
  for (int64_t i = 0; i < slabs; i++) {
    struct slab slab = {set, puzzles, i * size, (i + 1) * size < count ? (i + 1) * size : count};
    uint8_t *inputs = job->room + 2 * omp_get_thread_num() * size * job->cells, *labels = inputs + size * job->cells;
    make_slab(job, &slab, inputs, labels);
#pragma omp critical(puzzle_sets_write)
    ok = ok && write_slab(job, &slab, inputs, labels, error);
  }
  return ok;
}

static bool end_examples(struct split_writer *split, int64_t count, int64_t each, struct hrm_error *error) {
  for (int64_t i = 1; i <= count; i++) {
    if (!split_end_puzzle(split, 1, 0, error)) return false;
    if (i % each == 0 && !split_end_group(split, error)) return false;
  }
  return true;
}

bool puzzle_sets_add(struct puzzle_job *job, struct puzzle_set *set, const uint8_t *puzzles, int64_t count,
                     struct hrm_error *error) {
  int64_t each = 1 + set->augment, examples = count * each;
  if (!make_examples(job, set, puzzles, examples, error)) return false;
  set->have += count;
  return end_examples(&set->split, examples, each, error);
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
  job->room = malloc((size_t)(omp_get_max_threads() * 2 * slab_examples(job) * job->cells));
  if (!job->room) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  bool ok = job->options->csv ? puzzle_sets_read(job, error) : puzzle_sets_generate(job, error);
  free(job->room);
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
  int64_t examples = options->train * (1 + options->augment);
  printf("%s: %lld training puzzle%s (%lld example%s), %lld test puzzle%s\n", options->output.path,
         (long long)options->train, plural(options->train), (long long)examples, plural(examples),
         (long long)options->test, plural(options->test));
}

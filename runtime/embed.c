#include "runtime/embed.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/checkpoint.h"
#include "runtime/evaluate.h"
#include "runtime/footprint.h"
#include "runtime/run.h"
#include "runtime/safetensors.h"
#include "runtime/segment_step.h"

/* Where OpenBLAS is linked in, tiles already use every thread. */
__attribute__((weak)) void openblas_set_num_threads(int threads);

_Static_assert(sizeof(struct hrm_embed_error) == sizeof(struct hrm_error), "one error");

struct hrm_embed_model {
  struct hrm_code code;
  struct description description;
  struct model model;
  struct optimizer optimizer; /* the rest is for handles that train */
  struct slots slots;
  uint64_t seed;
  int64_t step;
};

static int finish(bool done, const struct hrm_error *cause, struct hrm_embed_error *error) {
  if (done) return HRM_EMBED_OK;
  if (error) {
    error->code = cause->code;
    memcpy(error->text, cause->text, sizeof error->text);
  }
  return cause->code;
}

const char *hrm_embed_version(void) { return PACKAGE_VERSION; }

static bool load_weights(struct model *model, const char *checkpoint, bool averaged, struct hrm_error *error) {
  struct tensor_file file;
  if (!checkpoint_open(&file, checkpoint, model->description, error)) return false;
  bool loaded = checkpoint_load(model, &file, (struct checkpoint_use){.averaged = averaged}, error);
  tensor_file_close(&file);
  return loaded;
}

static bool check_memory(const struct description *d, int threads, int64_t batch, struct hrm_error *error) {
  const struct footprint_options options = {d->groups, batch, threads, false, false};
  const struct footprint needed = footprint_of(d, &options);
  return batch == 0 || footprint_check(&needed, footprint_available(), error);
}

static bool open_model(struct hrm_embed_model *m, const char *checkpoint, const struct hrm_embed_options *o,
                       struct hrm_error *error) {
  const struct description *d = &m->description;
  int threads = o->threads ? o->threads : omp_get_max_threads();
  if (o->threads < 0 || o->batch < 0 || o->batch >= INT32_MAX)
    return hrm_fail(error, HRM_INPUT, "a handle cannot have %d threads and a batch of %lld", o->threads,
                    (long long)o->batch);
  bool trains = o->batch > 0;
  if (trains && threads > o->batch) threads = (int)o->batch;
  if (!description_parse(&m->description, m->code.description, error) || !check_memory(d, threads, o->batch, error) ||
      !model_new(&m->model, &m->code, d, threads, trains, error))
    return false;
  model_initialize(&m->model, o->seed);
  model_prepare(&m->model);
  if (checkpoint && !load_weights(&m->model, checkpoint, !trains, error)) return false;
  return !trains ||
         (slots_new(&m->slots, d, o->batch, error) && optimizer_new(&m->optimizer, d, d->groups, d->clip, 0, error));
}

int hrm_embed_open(struct hrm_embed_model **model, const char *checkpoint, const struct hrm_embed_options *options,
                   struct hrm_embed_error *error) {
  static const struct hrm_embed_options defaults = {0};
  struct hrm_error cause;
  struct hrm_embed_model *m = *model = calloc(1, sizeof *m);
  if (!m) return finish(hrm_fail(&cause, HRM_SYSTEM, "out of memory"), &cause, error);
  m->code = (struct hrm_code){hrm_model_description, hrm_model_pack,  hrm_model_prepare,
                              hrm_model_forward,     hrm_model_train, hrm_model_trace};
  m->seed = options ? options->seed : 0;
  if (openblas_set_num_threads) openblas_set_num_threads(1);
  if (open_model(m, checkpoint, options ? options : &defaults, &cause)) return HRM_EMBED_OK;
  hrm_embed_close(m);
  *model = NULL;
  return finish(false, &cause, error);
}

void hrm_embed_close(struct hrm_embed_model *model) {
  if (!model) return;
  optimizer_free(&model->optimizer);
  slots_free(&model->slots);
  model_free(&model->model);
  description_free(&model->description);
  free(model);
}

static bool save(const struct hrm_embed_model *m, const char *path, struct hrm_error *error) {
  const struct description *d = &m->description;
  struct tensor_entry *entries = calloc((size_t)d->weight_count + 1, sizeof *entries);
  if (!entries) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (int i = 0; i < d->weight_count; i++)
    entries[i] =
        (struct tensor_entry){d->weights[i].path, STORED_F32, d->weights[i].shape, model_weight(&m->model, i)};
  bool saved = safetensors_write(path, entries, d->weight_count, NULL, error);
  free(entries);
  return saved;
}

int hrm_embed_save(const struct hrm_embed_model *model, const char *path, struct hrm_embed_error *error) {
  struct hrm_error cause;
  return finish(save(model, path, &cause), &cause, error);
}

/* Tokens become addresses: each is looked at.  Labels may also be unlabelled. */
static bool check_tokens(const struct description *d, enum standard_tensor which, const int32_t *tokens,
                         int64_t count, struct hrm_error *error) {
  const struct tensor_info *t = &d->tensors[d->standard[which]];
  int64_t bound = t->bound ? t->bound : INT64_C(1) << 31;
  for (int64_t i = 0; i < count * t->shape.count; i++) {
    bool unlabelled = which == TENSOR_LABELS && tokens[i] == DATASET_UNLABELLED;
    if (unlabelled || (tokens[i] >= 0 && tokens[i] < bound)) continue;
    return hrm_fail(error, HRM_INPUT, "%s: example %lld has the value %d at position %lld; the bound is %lld",
                    t->name, (long long)(i / t->shape.count), tokens[i], (long long)(i % t->shape.count),
                    (long long)bound);
  }
  return true;
}

static bool check_examples(const struct description *d, const int32_t *inputs, const int32_t *identifiers,
                           int64_t count, struct hrm_error *error) {
  bool looks = identifiers && d->standard[TENSOR_PUZZLE_IDENTIFIERS] >= 0;
  return check_tokens(d, TENSOR_INPUTS, inputs, count, error) &&
         (!looks || check_tokens(d, TENSOR_PUZZLE_IDENTIFIERS, identifiers, count, error));
}

static int64_t length_of(const struct description *d, enum standard_tensor which) {
  return d->tensors[d->standard[which]].shape.count;
}

/* Where answers go. */
struct answers {
  int32_t *predictions;
  float *confidences;
  enum act_kind act;
};

static void keep_answer(void *context, const struct slots *slots, int64_t slot, int64_t example) {
  const struct answers *a = context;
  int prediction = slots->description->standard[TENSOR_PREDICTION];
  int64_t length = slots->description->tensors[prediction].shape.count;
  const float *halt = slots_standard(slots, TENSOR_HALT);
  if (!slots->halted[slot]) return;
  memcpy(a->predictions + example * length, slots_tensor(slots, prediction, slot),
         (size_t)length * sizeof *a->predictions);
  if (a->confidences) a->confidences[example] = a->act == ACT_FIXED ? 0 : 1 / (1 + expf(-halt[slot]));
}

/* Examples that follow each other with one identifier. */
static int64_t same_identifier(const int32_t *identifiers, int64_t count) {
  int64_t n = 1;
  while (n < count && (!identifiers || identifiers[n] == identifiers[0])) n++;
  return n;
}

static bool solve_all(struct evaluator *e, struct answers *a, const int32_t *inputs, const int32_t *identifiers,
                      int64_t count, struct hrm_error *error) {
  const struct description *d = e->slots->description;
  int64_t read = length_of(d, TENSOR_INPUTS), written = length_of(d, TENSOR_PREDICTION), n;
  for (; count > 0; count -= n) {
    n = same_identifier(identifiers, count);
    if (!evaluate_tokens(e, inputs, n, identifiers ? *identifiers : 0, error)) return false;
    inputs += n * read;
    a->predictions += n * written;
    if (identifiers) identifiers += n;
    if (a->confidences) a->confidences += n;
  }
  return true;
}

static bool solve(struct hrm_embed_model *m, const int32_t *inputs, const int32_t *identifiers, int64_t count,
                  const struct evaluation_options *options, struct answers *answers, struct hrm_error *error) {
  enum { SLOTS = 64 };
  struct slots slots;
  if (!check_examples(&m->description, inputs, identifiers, count, error) ||
      !slots_new(&slots, &m->description, count < SLOTS ? count : SLOTS, error))
    return false;
  struct evaluator e = {
      .model = &m->model, .slots = &slots, .options = *options, .visit = keep_answer, .visit_context = answers};
  bool solved = solve_all(&e, answers, inputs, identifiers, count, error);
  slots_free(&slots);
  return solved;
}

int hrm_embed_solve(struct hrm_embed_model *model, const int32_t *inputs, const int32_t *identifiers, int64_t count,
                    int64_t segments, int halts, int32_t *predictions, float *confidences,
                    struct hrm_embed_error *error) {
  struct hrm_error cause;
  const struct act_policy *act = &model->description.act;
  struct evaluation_options options = {.max_segments = segments ? segments : act->max_segments, .halt = halts != 0};
  struct answers answers = {predictions, confidences, act->kind};
  if (count == 0) return HRM_EMBED_OK;
  bool possible = count > 0 && options.max_segments > 0 && options.max_segments < INT32_MAX;
  if (!possible)
    hrm_fail(&cause, HRM_INPUT, "%lld puzzles cannot have %lld segments", (long long)count, (long long)segments);
  return finish(possible && solve(model, inputs, identifiers, count, &options, &answers, &cause), &cause, error);
}

/* A place whose example has halted takes the one that is offered to it. */
static void offer(struct slots *slots, const int32_t *inputs, const int32_t *labels, const int32_t *identifiers) {
  int64_t read = length_of(slots->description, TENSOR_INPUTS), scored = length_of(slots->description, TENSOR_LABELS);
  for (int64_t i = 0; i < slots->count; i++) {
    if (!slots->halted[i]) continue;
    slots_put_tokens(slots, i, inputs + i * read, identifiers ? identifiers[i] : 0);
    memcpy(slots_tensor(slots, slots->description->standard[TENSOR_LABELS], i), labels + i * scored,
           (size_t)scored * sizeof *labels);
  }
}

static bool train(struct hrm_embed_model *m, const int32_t *inputs, const int32_t *labels, const int32_t *identifiers,
                  double rate, struct metrics *metrics, struct hrm_error *error) {
  int64_t batch = m->slots.count;
  if (batch == 0) return hrm_fail(error, HRM_INPUT, "the handle was opened with a batch of 0: it does not train");
  if (!(rate >= 0) || isinf(rate)) return hrm_fail(error, HRM_INPUT, "a rate of %g is not possible", rate);
  if (!check_examples(&m->description, inputs, identifiers, batch, error) ||
      !check_tokens(&m->description, TENSOR_LABELS, labels, batch, error))
    return false;
  offer(&m->slots, inputs, labels, identifiers);
  const struct segment_options options = {.step = ++m->step, .factor = rate, .seed = m->seed, .metrics = metrics};
  return segment_step(&m->model, &m->slots, &m->optimizer, &options, error);
}

int hrm_embed_train(struct hrm_embed_model *model, const int32_t *inputs, const int32_t *labels,
                    const int32_t *identifiers, double rate, struct hrm_embed_step *result,
                    struct hrm_embed_error *error) {
  struct hrm_error cause;
  struct metrics metrics = {0};
  if (!train(model, inputs, labels, identifiers, rate, &metrics, &cause)) return finish(false, &cause, error);
  double halted = metrics.halted > 0 ? metrics.halted : 1;
  if (result)
    *result = (struct hrm_embed_step){model->step, metrics.lm_loss, (int64_t)metrics.halted,
                                      metrics.accuracy / halted, metrics.exact / halted};
  return HRM_EMBED_OK;
}

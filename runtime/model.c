#include "runtime/model.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cpu.h"
#include "runtime/clock.h"
#include "runtime/memory.h"
#include "runtime/random.h"

static bool worker_new(struct worker *w, const struct description *d, bool training, struct hrm_error *error) {
  w->arena = memory_new((size_t)d->arena_bytes, 1, error);
  w->tensors = calloc((size_t)d->tensor_count + 1, sizeof *w->tensors);
  w->local = memory_new((size_t)d->local_bytes, 1, error);
  if (training) w->gradients = memory_new((size_t)d->weight_count_floats, sizeof(float), error);
  return w->arena && w->local && w->tensors && (w->gradients || !training);
}

static bool sparse_new(struct model *m, struct hrm_error *error) {
  for (int i = 0; i < m->description->weight_count; i++) {
    const struct weight_info *w = &m->description->weights[i];
    if (w->sparse && !(m->sparse[i] = memory_new((size_t)w->shape.count, sizeof(float), error))) return false;
  }
  return true;
}

static bool allocate(struct model *m, bool training, struct hrm_error *error) {
  const struct description *d = m->description;
  m->sparse = calloc((size_t)d->weight_count + 1, sizeof *m->sparse);
  m->workers = calloc((size_t)m->threads, sizeof *m->workers);
  m->teams = calloc((size_t)m->threads, sizeof *m->teams);
  for (int i = 0; m->teams && i < m->threads; i++) team_new(&m->teams[i]);
  if (!m->sparse || !m->workers || !m->teams) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  m->weights = memory_new((size_t)d->weight_count_floats, sizeof(float), error);
  m->shared = memory_new((size_t)d->shared_bytes, 1, error);
  if (!m->weights || !m->shared || !sparse_new(m, error)) return false;
  for (int i = 0; i < m->threads; i++) {
    if (!worker_new(&m->workers[i], d, training, error)) return false;
  }
  return true;
}

bool model_new(struct model *m, const struct hrm_code *code, const struct description *d, int threads, bool training,
               struct hrm_error *error) {
  *m = (struct model){.description = d, .code = code, .threads = threads};
  if (!cpu_check(d->target_cpu, d->target_features, error)) return false;
  if (allocate(m, training, error)) return true;
  model_free(m);
  return false;
}

void model_free(struct model *m) {
  for (int i = 0; m->workers && i < m->threads; i++) {
    free(m->workers[i].arena);
    free(m->workers[i].local);
    free(m->workers[i].tensors);
    free(m->workers[i].gradients);
  }
  for (int i = 0; m->teams && i < m->threads; i++) team_free(&m->teams[i]);
  for (int i = 0; m->sparse && i < m->description->weight_count; i++) free(m->sparse[i]);
  free(m->workers);
  free(m->teams);
  free(m->sparse);
  free(m->weights);
  free(m->shared);
  *m = (struct model){0};
}

float *model_weight(const struct model *m, int number) {
  return m->sparse[number] ? m->sparse[number] : m->weights + m->description->weights[number].offset;
}

/* The standard deviation of a standard normal that is cut at ±2: √(1 − 2·2φ(2)/(2Φ(2) − 1)). */
static double truncated_deviation(void) {
  double density = exp(-2.0) / sqrt(2 * M_PI);
  return sqrt(1 - 4 * density / erf(sqrt(2.0)));
}

/* Tries are numbered in the high bits of the counter, so that no two elements share one. */
static double truncated_normal(struct random_stream r, uint64_t element) {
  for (uint64_t attempt = 0;; attempt++) {
    double pair[2];
    stream_normal_pair(r, attempt << 48 | element, pair);
    if (fabs(pair[0]) <= 2) return pair[0];
    if (fabs(pair[1]) <= 2) return pair[1];
  }
}

static double draw(const struct weight_info *w, struct random_stream r, uint64_t element, double rescale) {
  double pair[2];
  switch (w->init) {
  case DISTRIBUTION_TRUNC_NORMAL: return w->init_scale * rescale * truncated_normal(r, element);
  case DISTRIBUTION_NORMAL: stream_normal_pair(r, element, pair); return w->init_scale * pair[0];
  case DISTRIBUTION_UNIFORM: return w->init_scale * (2 * stream_uniform(r, element) - 1);
  case DISTRIBUTION_CONSTANT: break;
  }
  return w->init_scale;
}

void weight_initialize(const struct weight_info *w, uint64_t seed, int threads, float *values) {
  double rescale = 1 / truncated_deviation();
  struct random_stream r = stream_named(seed, w->path, 0);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t k = 0; k < w->shape.count; k++) values[k] = (float)draw(w, r, (uint64_t)k, rescale);
}

void model_initialize(struct model *m, uint64_t seed) {
  for (int i = 0; i < m->description->weight_count; i++)
    weight_initialize(&m->description->weights[i], seed, m->threads, model_weight(m, i));
}

/* The place of a thread: the teams are of nearly equal size, and the first thread of each lends its memory. */
struct place {
  int team, teams, member, members;
  const struct worker *leader, *own;
};

static struct place place_of(const struct model *m, int thread, int threads, int teams) {
  struct place p = {.team = (int)((int64_t)(thread + 1) * teams - 1) / threads, .teams = teams};
  int first = p.team * threads / teams, next = (p.team + 1) * threads / teams;
  p.member = thread - first;
  p.members = next - first;
  p.leader = &m->workers[first];
  p.own = &m->workers[thread];
  return p;
}

/* What every thread of a team starts from; all of them set the same. */
static struct hrm_tile tile_of(const struct model *m, const struct place *p) {
  struct team *team = &m->teams[p->team];
  bool waits = p->members > 1 || team->profile;
  return (struct hrm_tile){.weights = m->weights,
                           .shared = m->shared,
                           .arena = p->leader->arena,
                           .tensors = p->leader->tensors,
                           .local = p->own->local,
                           .member = p->member,
                           .members = p->members,
                           .finished = waits ? team_finished : NULL,
                           .team = team};
}

static void start_teams(const struct model *m, int threads, int teams) {
  bool crowded = threads > omp_get_num_procs();
  for (int i = 0; i < teams; i++) {
    m->teams[i].crowded = crowded;
    m->teams[i].members = (i + 1) * threads / teams - i * threads / teams;
    atomic_store(&m->teams[i].arrived, 0);
  }
}

/* Times are counted from here on. */
static void start_profile(const struct place *p, const struct hrm_tile *tile) {
  const struct team *team = tile->team;
  if (team->profile && p->member == 0) team->profile->last = clock_thread_seconds();
}

void model_pack(const struct model *m, struct weight_part part) {
  const struct weight_info *w = &m->description->weights[part.weight];
  if (w->block == 0 || part.begin >= part.end) return;
  struct hrm_tile tile = {.n = 1, .weights = m->weights, .shared = m->shared};
  m->code->pack(&tile, part.weight, (part.begin - w->offset) / w->block,
                (part.end - w->offset + w->block - 1) / w->block);
}

void model_prepare(struct model *m) {
  const struct description *d = m->description;
#pragma omp parallel for num_threads(m->threads) schedule(static, 1)
  for (int thread = 0; thread < m->threads; thread++) {
    for (int i = 0; i < d->weight_count; i++) model_pack(m, weight_part_in_blocks(d, i, thread, m->threads));
  }
  model_prepare_rest(m);
}

void model_prepare_rest(struct model *m) {
#pragma omp parallel num_threads(m->threads)
  {
    int threads = omp_get_num_threads();
#pragma omp single
    start_teams(m, threads, 1);
    struct place p = place_of(m, omp_get_thread_num(), threads, 1);
    struct hrm_tile tile = tile_of(m, &p);
    tile.n = 1;
    start_profile(&p, &tile);
    m->code->prepare(&tile);
  }
}

/* Indices are below their bound, and that is not above the number of rows: data sets, checkpoints and descriptions
 * are checked for it. */
static void look_up_rows(const struct model *m, const struct slots *slots, int64_t count) {
  const struct description *d = m->description;
  for (int i = 0; i < d->tensor_count; i++) {
    const struct tensor_info *t = &d->tensors[i];
    if (t->role != SLOT_ROWS) continue;
    const float *table = m->sparse[t->table];
    const int32_t *index = slots->tensors[t->index];
    float *rows = slots->tensors[i];
    for (int64_t s = 0; s < count; s++) {
      memcpy(rows + s * t->shape.count, table + index[s] * t->shape.count, (size_t)t->shape.count * sizeof *rows);
    }
  }
}

/* Slots begin … end-1 in as few tiles as can hold them, all of nearly the same size.  The threads of a team have
 * tensors of their own: one may be at the next tile already. */
static void run_range(const struct model *m, const struct slots *slots, hrm_entry *entry, const struct place *p,
                      int64_t begin, int64_t end) {
  int64_t count = end - begin, tiles = (count + m->description->tile - 1) / m->description->tile;
  struct hrm_tile tile = tile_of(m, p);
  tile.tensors = p->own->tensors;
  tile.gradients = entry == m->code->train ? p->leader->gradients : NULL;
  start_profile(p, &tile);
  for (int64_t i = 0; i < tiles; i++) {
    int64_t first = begin + i * count / tiles, next = begin + (i + 1) * count / tiles;
    for (int k = 0; k < m->description->tensor_count; k++) p->own->tensors[k] = slots_tensor(slots, k, first);
    tile.n = next - first;
    entry(&tile);
  }
}

static void run(const struct model *m, const struct slots *slots, hrm_entry *entry, int64_t count) {
  look_up_rows(m, slots, count);
#pragma omp parallel num_threads(m->threads)
  {
    int threads = omp_get_num_threads(), teams = count < threads ? (int)count : threads;
#pragma omp single
    start_teams(m, threads, teams);
    struct place p = place_of(m, omp_get_thread_num(), threads, teams);
    run_range(m, slots, entry, &p, p.team * count / teams, (p.team + 1) * count / teams);
  }
}

void model_forward(struct model *m, const struct slots *slots, int64_t count) {
  run(m, slots, m->code->forward, count);
}

void model_train(struct model *m, const struct slots *slots, int64_t count) { run(m, slots, m->code->train, count); }

void model_trace(struct model *m, const struct slots *slots, int64_t count) { run(m, slots, m->code->trace, count); }

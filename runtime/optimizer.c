#include "runtime/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/memory.h"
#include "runtime/optimizer_kernels.h"

/* The sum of gradients over workers goes through a buffer this long, which stays in the first-level cache. */
enum { PIECE = 1024 };

static bool is_adam(const struct optimizer_group *g) {
  return g->kind == OPTIMIZER_ADAM_ATAN2 || g->kind == OPTIMIZER_ADAMW;
}

static bool group_has_m(const struct optimizer_group *g) {
  return is_adam(g) || (g->kind == OPTIMIZER_SGD && g->momentum != 0);
}

static bool is_dense(const struct optimizer *o, int weight) {
  return o->description->weights[weight].trained && !o->description->weights[weight].sparse;
}

bool optimizer_has_m(const struct optimizer *o, int weight) {
  return is_dense(o, weight) && group_has_m(&o->groups[o->description->weights[weight].group]);
}

bool optimizer_has_v(const struct optimizer *o, int weight) {
  return is_dense(o, weight) && is_adam(&o->groups[o->description->weights[weight].group]);
}

bool optimizer_has_ema(const struct optimizer *o, int weight) { return o->ema && is_dense(o, weight); }

static bool allocate(struct optimizer *o, struct hrm_error *error) {
  size_t count = (size_t)o->description->weight_count_floats;
  bool m = false, v = false;
  for (int i = 0; i < o->description->weight_count; i++) m |= optimizer_has_m(o, i), v |= optimizer_has_v(o, i);
  if (m && !(o->m = memory_new(count, sizeof(float), error))) return false;
  if (v && !(o->v = memory_new(count, sizeof(float), error))) return false;
  return o->ema_decay == 0 || (o->ema = memory_new(count, sizeof(float), error));
}

bool optimizer_new(struct optimizer *o, const struct description *d, const struct optimizer_group *groups,
                   double clip, double ema_decay, struct hrm_error *error) {
  *o = (struct optimizer){.description = d, .groups = groups, .clip = clip, .ema_decay = ema_decay};
  if (allocate(o, error)) return true;
  optimizer_free(o);
  return false;
}

void optimizer_free(struct optimizer *o) {
  free(o->m);
  free(o->v);
  free(o->ema);
  *o = (struct optimizer){0};
}

void optimizer_start_ema(struct optimizer *o, const struct model *model) {
  if (o->ema) memcpy(o->ema, model->weights, (size_t)o->description->weight_count_floats * sizeof(float));
}

void optimizer_complete_ema(struct optimizer *o, const struct model *model) {
  for (int i = 0; o->ema && i < o->description->weight_count; i++) {
    const struct weight_info *w = &o->description->weights[i];
    if (w->trained || w->sparse) continue;
    memcpy(o->ema + w->offset, model->weights + w->offset, (size_t)w->shape.count * sizeof *o->ema);
  }
}

static update_kernel *kernel_of(const struct optimizer_group *g) {
  switch (g->kind) {
  case OPTIMIZER_ADAM_ATAN2: return update_adam_atan2;
  case OPTIMIZER_ADAMW: return update_adamw;
  case OPTIMIZER_SGD: return g->momentum != 0 ? update_momentum : update_sgd;
  case OPTIMIZER_SIGN_SGD: break;
  }
  return update_sign_sgd;
}

static struct update update_of(const struct optimizer_group *g, int64_t t, double factor) {
  double lr = g->lr * factor;
  struct update u = {.decay = (float)(1 - lr * g->weight_decay), .rate = (float)lr, .eps = (float)g->eps};
  u.beta1 = (float)g->momentum;
  if (is_adam(g)) {
    u.rate = (float)(lr / (1 - pow(g->beta1, (double)t)));
    u.beta1 = (float)g->beta1;
    u.beta2 = (float)g->beta2;
    u.denominator = (float)(1 / sqrt(1 - pow(g->beta2, (double)t)));
  }
  return u;
}

/* One step, as each thread sees it. */
struct step {
  struct optimizer *optimizer;
  struct model *model;
  int64_t t;
  double factor; /* of the rates */
  float scale;   /* of the gradients */
};

static void gradients_at(const struct model *model, int64_t at, float **parts) {
  for (int w = 0; w < model->threads; w++) parts[w] = model->workers[w].gradients + at;
}

static float *at_or_null(float *array, int64_t at) { return array ? array + at : NULL; }

/* What moves the weights of a group. */
struct mover {
  update_kernel *kernel;
  struct update update;
};

static struct mover mover_of(const struct step *s, int weight) {
  const struct optimizer *o = s->optimizer;
  const struct optimizer_group *group = &o->groups[o->description->weights[weight].group];
  return (struct mover){kernel_of(group), update_of(group, s->t, s->factor)};
}

/* Returns not a number where a gradient is not finite, else 0. */
static float move_part(const struct step *s, const struct mover *mover, struct weight_part part) {
  const struct optimizer *o = s->optimizer;
  float *parts[s->model->threads], bad = 0;
  for (int64_t at = part.begin; at < part.end; at += PIECE) {
    size_t n = (size_t)(part.end - at < PIECE ? part.end - at : PIECE);
    float g[PIECE], *p = s->model->weights + at;
    gradients_at(s->model, at, parts);
    bad += sum_and_clear(n, g, parts, s->model->threads, s->scale);
    mover->kernel(&mover->update, n, p, at_or_null(o->m, at), at_or_null(o->v, at), g);
    if (o->ema) update_ema((float)o->ema_decay, n, o->ema + at, p);
  }
  return bad;
}

/* Each block is packed while it is in the cache.  Returns false where a gradient is not finite. */
static bool move_and_pack(const struct step *s, struct weight_part part) {
  if (part.begin >= part.end) return true;
  struct mover mover = mover_of(s, part.weight);
  int64_t block = s->optimizer->description->weights[part.weight].block;
  if (block == 0) block = part.end - part.begin;
  float bad = 0;
  for (int64_t at = part.begin; at < part.end; at += block) {
    int64_t next = part.end - at < block ? part.end : at + block;
    struct weight_part moved = {part.weight, at, next};
    bad += move_part(s, &mover, moved);
    model_pack(s->model, moved);
  }
  return bad == 0;
}

/* The first weight with a gradient that is not finite, or INT32_MAX. */
static int move_range(const struct step *s, int thread) {
  const struct description *d = s->optimizer->description;
  int first_bad = INT32_MAX;
  for (int i = 0; i < d->weight_count; i++) {
    if (!is_dense(s->optimizer, i)) continue;
    bool finite = move_and_pack(s, weight_part_in_blocks(d, i, thread, s->model->threads));
    if (!finite && i < first_bad) first_bad = i;
  }
  return first_bad;
}

static double part_square(const struct model *model, struct weight_part part) {
  double sum = 0;
  for (int64_t i = part.begin; i < part.end; i++) {
    float g = 0;
    for (int w = 0; w < model->threads; w++) g += model->workers[w].gradients[i];
    sum += (double)g * g;
  }
  return sum;
}

/* The norm of all dense gradients; thread ranges are added in their order. */
static double gradient_norm(const struct optimizer *o, const struct model *model) {
  double squares[model->threads];
#pragma omp parallel for num_threads(model->threads) schedule(static, 1)
  for (int thread = 0; thread < model->threads; thread++) {
    squares[thread] = 0;
    for (int i = 0; i < o->description->weight_count; i++) {
      if (!is_dense(o, i)) continue;
      squares[thread] += part_square(model, weight_part_of_thread(o->description, i, thread, model->threads));
    }
  }
  double sum = 0;
  for (int thread = 0; thread < model->threads; thread++) sum += squares[thread];
  return sqrt(sum);
}

static int move_dense(struct step *s) {
  struct optimizer *o = s->optimizer;
  if (o->clip > 0) {
    double norm = gradient_norm(o, s->model) * s->scale;
    if (norm > o->clip) s->scale = (float)(s->scale * o->clip / norm);
  }
  int first_bad = INT32_MAX;
#pragma omp parallel for num_threads(s->model->threads) schedule(static, 1) reduction(min : first_bad)
  for (int thread = 0; thread < s->model->threads; thread++) {
    int bad = move_range(s, thread);
    if (bad < first_bad) first_bad = bad;
  }
  return first_bad;
}

struct use {
  int32_t row;
  int32_t slot;
};

static int compare_uses(const void *a, const void *b) {
  const struct use *x = a, *y = b;
  if (x->row != y->row) return x->row < y->row ? -1 : 1;
  return (x->slot > y->slot) - (x->slot < y->slot);
}

/* One row that the uses from `first` on share; returns the number of the next use. */
static int64_t move_row(const struct step *s, const struct slots *slots, int rows_grad, const struct use *uses,
                        int64_t first, int64_t count, float *sum, bool *finite) {
  const struct description *d = s->optimizer->description;
  int weight = d->tensors[d->tensors[rows_grad].of].table;
  int64_t width = d->tensors[rows_grad].shape.count, next = first;
  memset(sum, 0, (size_t)width * sizeof *sum);
  for (; next < count && uses[next].row == uses[first].row; next++) {
    const float *g = slots_tensor(slots, rows_grad, uses[next].slot);
    for (int64_t i = 0; i < width; i++) sum[i] += g[i];
  }
  for (int64_t i = 0; i < width; i++) *finite &= isfinite(sum[i]) != 0;
  struct update u = update_of(&s->optimizer->groups[d->weights[weight].group], s->t, s->factor);
  update_sign_sgd(&u, (size_t)width, s->model->sparse[weight] + uses[first].row * width, NULL, NULL, sum);
  return next;
}

/* Uses are sorted, so each row is moved once and the order of its sum is that of the slots. */
static bool move_rows(const struct step *s, const struct slots *slots, int rows_grad, bool *finite) {
  const struct description *d = s->optimizer->description;
  const int32_t *index = slots->tensors[d->tensors[d->tensors[rows_grad].of].index];
  struct use *uses = malloc((size_t)slots->count * sizeof *uses);
  float *sum = malloc((size_t)d->tensors[rows_grad].shape.count * sizeof *sum + 1);
  bool enough = uses && sum;
  for (int64_t i = 0; enough && i < slots->count; i++) uses[i] = (struct use){index[i], (int32_t)i};
  if (enough) qsort(uses, (size_t)slots->count, sizeof *uses, compare_uses);
  for (int64_t i = 0; enough && i < slots->count;) {
    i = move_row(s, slots, rows_grad, uses, i, slots->count, sum, finite);
  }
  free(uses);
  free(sum);
  return enough;
}

static bool diverged(const struct description *d, int weight, int64_t t, struct hrm_error *error) {
  return hrm_fail(error, HRM_DIVERGED, "training diverged at step %lld: the gradient of '%s' is not finite",
                  (long long)t, d->weights[weight].path);
}

bool optimizer_step(struct optimizer *o, struct model *model, const struct slots *slots, int64_t t, double factor,
                    struct hrm_error *error) {
  struct step s = {o, model, t, factor, 1.0f / (float)slots->count};
  int bad = move_dense(&s);
  if (bad != INT32_MAX) return diverged(o->description, bad, t, error);
  for (int i = 0; i < o->description->tensor_count; i++) {
    const struct tensor_info *tensor = &o->description->tensors[i];
    if (tensor->role != SLOT_ROWS_GRAD || !o->description->weights[o->description->tensors[tensor->of].table].trained)
      continue;
    bool finite = true;
    if (!move_rows(&s, slots, i, &finite)) return hrm_fail(error, HRM_SYSTEM, "out of memory");
    if (!finite) return diverged(o->description, o->description->tensors[tensor->of].table, t, error);
  }
  model_prepare_rest(model);
  return true;
}

int64_t optimizer_traffic(const struct optimizer *o, const struct model *model) {
  int64_t floats = 0;
  for (int i = 0; i < o->description->weight_count; i++) {
    if (!is_dense(o, i)) continue;
    int arrays = 1 + optimizer_has_m(o, i) + optimizer_has_v(o, i) + optimizer_has_ema(o, i) + model->threads;
    floats += o->description->weights[i].shape.count * arrays;
  }
  return 2 * floats * (int64_t)sizeof(float);
}

int64_t optimizer_packed(const struct optimizer *o) {
  int64_t bytes = 0;
  for (int i = 0; i < o->description->weight_count; i++)
    if (is_dense(o, i)) bytes += o->description->weights[i].packed_bytes;
  return bytes;
}

static bool discard_part(const struct model *model, struct weight_part part, float scale) {
  float *parts[model->threads], bad = 0;
  for (int64_t at = part.begin; at < part.end; at += PIECE) {
    float sum[PIECE];
    gradients_at(model, at, parts);
    bad += sum_and_clear((size_t)(part.end - at < PIECE ? part.end - at : PIECE), sum, parts, model->threads, scale);
  }
  return bad == 0;
}

bool optimizer_discard(const struct optimizer *o, struct model *model, int64_t count, int64_t t,
                       struct hrm_error *error) {
  int first_bad = INT32_MAX;
  for (int i = 0; i < o->description->weight_count; i++) {
    if (!is_dense(o, i)) continue;
    bool finite = discard_part(model, weight_part_whole(o->description, i), 1.0f / (float)count);
    if (!finite && first_bad == INT32_MAX) first_bad = i;
  }
  return first_bad == INT32_MAX || diverged(o->description, first_bad, t, error);
}

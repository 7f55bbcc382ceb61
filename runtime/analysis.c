/* Participation ratios and residuals over many examples. */
#include "runtime/analysis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/principal.h"
#include "runtime/trace_report.h"

/* Sums over the states of a level. */
struct moments {
  double *sum;      /* [width] */
  double *products; /* [width, width], the triangle of lapack_add_products */
  double count;
};

struct level_sums {
  struct moments moments;
  double *residuals; /* [segments · steps]: sums over the examples */
  int64_t *moved;    /* [segments · steps]: examples that the step moved */
  json_t *ratios;    /* of the first 1, 2, 4, … examples */
};

struct survey {
  struct tracing t;
  const struct analysis_request *request;
  const struct lapack *lapack;
  struct level_sums *levels;
  float *now, *before; /* room for a level */
  double *rows;        /* the same in double precision */
  double *matrix, *eigenvalues;
};

static void add_states(struct survey *s, struct moments *m, const struct level *level) {
  int64_t width = level->width, count = level->positions;
  for (int64_t i = 0; i < count * width; i++) s->rows[i] = s->now[i];
  for (int64_t i = 0; i < count * width; i++) m->sum[i % width] += s->rows[i];
  lapack_add_products(s->lapack, m->products, s->rows, (int)count, (int)width);
  m->count += (double)count;
}

static double distance(const float *a, const float *b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
  return sqrt(sum);
}

static void visit_step(struct survey *s, int level, int64_t segment, int64_t step) {
  const struct level *l = &s->t.levels[level];
  struct level_sums *sums = &s->levels[level];
  int64_t place = segment * s->t.steps + step - 1;
  tracing_values(&s->t, l, step - 1, s->before);
  tracing_values(&s->t, l, step, s->now);
  double moved = distance(s->now, s->before, l->positions * l->width);
  if (moved == 0) return;
  sums->residuals[place] += moved;
  sums->moved[place]++;
  add_states(s, &sums->moments, l);
}

static void run_example(struct survey *s, int64_t number) {
  const struct dataset_set *set = s->request->set;
  int64_t puzzle = dataset_puzzle_of_example(set, number);
  tracing_put(&s->t, &(struct example){set, number, dataset_puzzle_identifier(set, puzzle)});
  for (int64_t segment = 0; segment < s->request->segments; segment++) {
    tracing_segment(&s->t);
    for (int i = 0; i < s->t.level_count; i++)
      for (int64_t step = 1; step <= s->t.steps; step++) visit_step(s, i, segment, step);
  }
}

/* Covariance: the mean of products minus the products of means. */
static bool add_ratio(struct survey *s, int level, struct hrm_error *error) {
  const struct moments *m = &s->levels[level].moments;
  int width = (int)s->t.levels[level].width;
  for (int i = 0; i < width; i++)
    for (int k = 0; k < width; k++) {
      int64_t at = (int64_t)i * width + k;
      s->matrix[at] = m->count ? m->products[at] / m->count - m->sum[i] * m->sum[k] / (m->count * m->count) : 0;
    }
  if (!lapack_eigen(s->lapack, s->matrix, width, s->eigenvalues, error)) return false;
  return json_array_append_new(s->levels[level].ratios, json_finite(participation_ratio(s->eigenvalues, width))) == 0;
}

static bool is_counted(const struct survey *s, int64_t examples) {
  return (examples & (examples - 1)) == 0 || examples == s->request->examples;
}

static bool run(struct survey *s, struct hrm_error *error) {
  bool done = true;
  for (int64_t n = 1; done && n <= s->request->examples; n++) {
    run_example(s, dataset_spread_example(s->request->set, n - 1, s->request->examples));
    for (int i = 0; done && is_counted(s, n) && i < s->t.level_count; i++) done = add_ratio(s, i, error);
  }
  return done;
}

static bool level_room(struct survey *s, int level, int64_t *values, int64_t *width) {
  const struct level *l = &s->t.levels[level];
  struct level_sums *sums = &s->levels[level];
  size_t steps = (size_t)(s->request->segments * s->t.steps), w = (size_t)l->width;
  if (l->positions * l->width > *values) *values = l->positions * l->width;
  if (l->width > *width) *width = l->width;
  sums->moments.sum = calloc(w, sizeof *sums->moments.sum);
  sums->moments.products = calloc(w * w, sizeof *sums->moments.products);
  sums->residuals = calloc(steps, sizeof *sums->residuals);
  sums->moved = calloc(steps, sizeof *sums->moved);
  sums->ratios = json_array();
  return sums->moments.sum && sums->moments.products && sums->residuals && sums->moved && sums->ratios;
}

static bool room(struct survey *s, struct hrm_error *error) {
  enum { WIDEST = 16384 };
  int64_t values = 1, width = 1;
  s->levels = calloc((size_t)s->t.level_count + 1, sizeof *s->levels);
  bool made = s->levels != NULL;
  for (int i = 0; made && i < s->t.level_count; i++) {
    if (s->t.levels[i].width > WIDEST)
      return hrm_fail(error, HRM_LIMITATION, "the covariance of more than %d features, of '%s'", WIDEST,
                      s->t.levels[i].name);
    made = level_room(s, i, &values, &width);
  }
  s->now = malloc((size_t)values * sizeof *s->now);
  s->before = malloc((size_t)values * sizeof *s->before);
  s->rows = malloc((size_t)values * sizeof *s->rows);
  s->matrix = malloc((size_t)(width * width) * sizeof *s->matrix);
  s->eigenvalues = malloc((size_t)width * sizeof *s->eigenvalues);
  made = made && s->now && s->before && s->rows && s->matrix && s->eigenvalues;
  return made || hrm_fail(error, HRM_SYSTEM, "out of memory");
}

static void survey_close(struct survey *s) {
  for (int i = 0; s->levels && i < s->t.level_count; i++) {
    struct level_sums *sums = &s->levels[i];
    free(sums->moments.sum);
    free(sums->moments.products);
    free(sums->residuals);
    free(sums->moved);
    json_decref(sums->ratios);
  }
  free(s->levels);
  free(s->now);
  free(s->before);
  free(s->rows);
  free(s->matrix);
  free(s->eigenvalues);
  tracing_close(&s->t);
}

/* All zeros after a failure. */
static bool survey_run(struct survey *s, struct model *model, const struct analysis_request *request,
                       const struct lapack *lapack, struct hrm_error *error) {
  *s = (struct survey){.request = request, .lapack = lapack};
  if (tracing_open(&s->t, model, error) && room(s, error) && run(s, error)) return true;
  survey_close(s);
  *s = (struct survey){0};
  return false;
}

static json_t *participation_json(const struct survey *trained, const struct survey *untrained, int level) {
  json_t *list = json_array();
  size_t place = 0;
  for (int64_t n = 1; n <= trained->request->examples; n++) {
    if (!is_counted(trained, n)) continue;
    json_array_append_new(list, json_pack("{s:I, s:O, s:O}", "examples", (json_int_t)n, "trained",
                                          json_array_get(trained->levels[level].ratios, place), "untrained",
                                          json_array_get(untrained->levels[level].ratios, place)));
    place++;
  }
  return list;
}

static json_t *residuals_json(const struct survey *s, int level) {
  const struct level_sums *sums = &s->levels[level];
  json_t *list = json_array();
  for (int64_t i = 0; i < s->request->segments * s->t.steps; i++)
    if (sums->moved[i])
      json_array_append_new(list, json_pack("{s:I, s:o}", "step", (json_int_t)i + 1, "mean",
                                            json_finite(sums->residuals[i] / (double)sums->moved[i])));
  return list;
}

static json_t *levels_json(const struct survey *trained, const struct survey *untrained) {
  json_t *list = json_array();
  for (int i = 0; i < trained->t.level_count; i++)
    json_array_append_new(list, json_pack("{s:s, s:I, s:o, s:o}", "name", trained->t.levels[i].name, "width",
                                          (json_int_t)trained->t.levels[i].width, "participation",
                                          participation_json(trained, untrained, i), "residuals",
                                          residuals_json(trained, i)));
  return list;
}

json_t *analysis_report(struct model *trained, struct model *untrained, const struct analysis_request *request,
                        const struct lapack *lapack, struct hrm_error *error) {
  struct survey first, start;
  const struct description *d = trained->description;
  if (!survey_run(&first, trained, request, lapack, error)) return NULL;
  json_t *limits = NULL, *report = NULL;
  if (survey_run(&start, untrained, request, lapack, error)) {
    limits = analysis_limits(trained, request, error);
    if (limits)
      report = json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "page", "analysis", "model", d->model, "examples",
                         (json_int_t)request->examples, "trained_segments", (json_int_t)d->act.max_segments, "levels",
                         levels_json(&first, &start), "limits", limits);
    survey_close(&start);
  }
  survey_close(&first);
  return report;
}

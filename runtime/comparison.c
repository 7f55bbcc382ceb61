/* The folder of a comparison, its terms, and the order of its runs. */
#include "runtime/comparison.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/atomic_file.h"
#include "runtime/clock.h"
#include "runtime/page.h"
#include "runtime/text.h"

char *comparison_path(const struct comparison *c, const struct contender *v, int64_t seed) {
  char *path;
  return asprintf(&path, "%s/%s/seed-%lld", c->output, v->name, (long long)seed) < 0 ? NULL : path;
}

static char *file_in(const struct comparison *c, const char *name) {
  char *path;
  return asprintf(&path, "%s/%s", c->output, name) < 0 ? NULL : path;
}

static bool out_of_memory(struct hrm_error *error) { return hrm_fail(error, HRM_SYSTEM, "out of memory"); }

struct training_request comparison_request(const struct comparison *c, const struct contender *v, int64_t seed) {
  struct training_request r = c->training;
  r.description = &v->description;
  r.steps = v->steps;
  r.seed = seed;
  if (r.eval_every < 0) r.eval_every = v->steps < 10 ? 1 : v->steps / 10;
  return r;
}

/* ---- the record of what is compared ---- */

static json_t *number_or_null(double value) { return value >= 0 ? json_real(value) : json_null(); }
static json_t *integer_or_null(int64_t value) { return value >= 0 ? json_integer(value) : json_null(); }

static json_t *terms_json(const struct comparison *c, const struct training *t) {
  const struct training_request *r = &c->training;
  return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "data", t->settings.data, "dataset",
                   dataset_identify(&t->train).fingerprint, "steps", integer_or_null(c->minutes > 0 ? -1 : r->steps),
                   "minutes", number_or_null(c->minutes > 0 ? c->minutes : -1), "batch", integer_or_null(r->batch),
                   "lr", number_or_null(r->lr), "warmup", integer_or_null(r->warmup), "eval-every",
                   integer_or_null(r->eval_every), "eval-limit", integer_or_null(r->eval_limit), "precision",
                   c->contenders[0].description.precision);
}

static json_t *contender_json(const struct contender *v) {
  return json_pack("{s:O, s:s, s:I}", "configs", v->description.configs, "fingerprint", v->fingerprint, "steps",
                   (json_int_t)v->steps);
}

/* Whether two objects agree in every key of the second; else `fail` words the first difference. */
typedef void word_difference(const void *context, const char *key, const char *was, const char *is,
                             struct hrm_error *error);

static bool agrees(const json_t *was, const json_t *is, word_difference *word, const void *context,
                   struct hrm_error *error) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)is, key, value) {
    json_t *old = json_object_get(was, key);
    if (json_equal(old, value)) continue;
    char *a = json_dumps(old, JSON_ENCODE_ANY), *b = json_dumps(value, JSON_ENCODE_ANY);
    word(context, key, a ? a : "nothing", b ? b : "nothing", error);
    free(a);
    free(b);
    return false;
  }
  return true;
}

static void word_terms(const void *context, const char *key, const char *was, const char *is,
                       struct hrm_error *error) {
  const struct comparison *c = context;
  hrm_fail(error, HRM_INPUT,
           "%s holds another comparison: its %s is %.900s, and not %.900s (null: as the models say); choose another "
           "--output",
           c->output, key, was, is);
}

struct named {
  const struct comparison *c;
  const struct contender *v;
};

static void word_config(const void *context, const char *key, const char *was, const char *is,
                        struct hrm_error *error) {
  const struct named *n = context;
  hrm_fail(error, HRM_INPUT,
           "%s: variant '%s' was begun with %s = %.900s, and not %.900s: give it another name, or choose another "
           "--output",
           n->c->output, n->v->name, key, was, is);
}

static bool check_contender(const struct comparison *c, const struct contender *v, const json_t *record,
                            struct hrm_error *error) {
  const struct named named = {c, v};
  const char *fingerprint = json_string_value(json_object_get(record, "fingerprint"));
  if (!agrees(json_object_get(record, "configs"), v->description.configs, word_config, &named, error)) return false;
  if (fingerprint && !strcmp(fingerprint, v->fingerprint)) return true;
  return hrm_fail(
      error, HRM_INPUT,
      "%s: variant '%s' was begun when its source said something else, or by another hrmc: give it another name, "
      "or choose another --output",
      c->output, v->name);
}

/* ---- the folder ---- */

static bool is_temporary(const char *name) { return ends_in(name, ".tmp"); }

static bool is_empty(const char *path) {
  DIR *folder = opendir(path);
  bool empty = folder != NULL;
  for (struct dirent *e; empty && (e = readdir(folder));)
    empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || is_temporary(e->d_name);
  if (folder) closedir(folder);
  return empty;
}

static bool make_folder(const char *path, struct hrm_error *error) {
  return mkdir(path, 0777) == 0 || errno == EEXIST ||
         hrm_fail(error, HRM_SYSTEM, "%s: cannot be made: %s", path, strerror(errno));
}

/* The record; an empty one of a comparison that has not begun. */
static json_t *read_record(const struct comparison *c, struct hrm_error *error) {
  char *path = file_in(c, "comparison.json");
  json_error_t wrong;
  json_t *record = path ? json_load_file(path, JSON_REJECT_DUPLICATES, &wrong) : NULL;
  if (!path)
    out_of_memory(error);
  else if (!record && json_error_code(&wrong) != json_error_cannot_open_file)
    hrm_fail(error, HRM_INPUT, "%s:%d: not the record of a comparison: %s", path, wrong.line, wrong.text);
  else if (!record && access(c->output, F_OK) == 0 && !is_empty(c->output))
    hrm_fail(error, HRM_INPUT, "%s: not empty, and not the folder of a comparison; choose another --output",
             c->output);
  else if (!record)
    record = json_object();
  free(path);
  return record;
}

static bool write_json(const struct comparison *c, const char *name, const json_t *json, struct hrm_error *error) {
  char *path = file_in(c, name);
  bool written = path ? comparison_write(path, json, error) : out_of_memory(error);
  free(path);
  return written;
}

/* ---- budgets ---- */

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median of some first steps; one that diverges takes as long as another. */
static bool measure_step(struct training *t, const struct contender *v, double *seconds, struct hrm_error *error) {
  enum { LEAST = 5, MOST = 101 };
  const double moment = 3;
  double times[MOST];
  int count = 0;
  if (!trainer_new(&t->trainer, &v->code, &v->description, &t->settings, &t->train, error)) return false;
  trainer_start(&t->trainer);
  bool stepped = trainer_step(&t->trainer, error);
  for (double begin = clock_seconds(); stepped && count < MOST; count++) {
    if (count >= LEAST && clock_seconds() - begin > moment) break;
    double step = clock_seconds();
    stepped = trainer_step(&t->trainer, error);
    times[count] = clock_seconds() - step;
  }
  if (count == 0) return false;
  qsort(times, (size_t)count, sizeof *times, by_size);
  *seconds = times[count / 2];
  return true;
}

static bool find_steps(const struct comparison *c, struct contender *v, const json_t *record, struct training *t,
                       struct hrm_error *error) {
  double seconds;
  v->steps = json_integer_value(json_object_get(record, "steps"));
  if (c->minutes == 0) v->steps = c->training.steps;
  if (v->steps > 0) return true;
  if (!measure_step(t, v, &seconds, error)) return false;
  double steps = 60 * c->minutes / seconds;
  v->steps = steps < 1 ? 1 : steps > 1e15 ? (int64_t)1e15 : (int64_t)steps;
  return true;
}

/* ---- the comparison ---- */

static bool named_error(const struct contender *v, struct hrm_error *error) {
  struct hrm_error cause = *error;
  return hrm_fail(error, cause.code, "variant '%s': %.3900s", v->name, cause.text);
}

/* Data set, memory and the terms of the folder; then the variant's place in its record. */
static bool check_opened(struct comparison *c, struct contender *v, json_t *record, struct training *t,
                         struct hrm_error *error) {
  json_t *variants = json_object_get(record, "variants"), *mine = json_object_get(variants, v->name);
  json_t *terms = terms_json(c, t), *agreed = json_object_get(record, "terms");
  v->memory = t->needed.total;
  v->data = strdup(t->settings.data);
  bool good = (terms && v->data) || out_of_memory(error);
  if (good && !agreed) json_object_set(record, "terms", terms);
  if (good && agreed) good = agrees(agreed, terms, word_terms, c, error);
  json_decref(terms);
  if (good && mine) good = check_contender(c, v, mine, error);
  if (good) good = find_steps(c, v, mine, t, error) || named_error(v, error);
  if (good) json_object_set_new(variants, v->name, contender_json(v));
  return good;
}

static bool open_contender(struct comparison *c, struct contender *v, json_t *record, struct hrm_error *error) {
  struct training t;
  struct training_request r = comparison_request(c, v, 0);
  r.eval_every = 1; /* the test split is checked, too */
  bool good = training_open(&t, &r, error) ? check_opened(c, v, record, &t, error) : named_error(v, error);
  training_free(&t);
  return good;
}

static bool open_all(struct comparison *c, struct hrm_error *error) {
  json_t *record = read_record(c, error);
  if (!record) return false;
  if (!json_object_get(record, "variants")) json_object_set_new(record, "variants", json_object());
  bool good = true;
  for (int i = 0; good && i < c->count; i++) good = open_contender(c, &c->contenders[i], record, error);
  good = good && make_folder(c->output, error) && write_json(c, "comparison.json", record, error);
  json_decref(record);
  return good;
}

static bool write_results(const struct comparison *c, struct hrm_error *error) {
  json_t *results = comparison_results(c, false, error), *curves = comparison_results(c, true, error);
  char *page = file_in(c, "results.html"), *picture = file_in(c, "results.svg");
  bool written = results && curves && ((page && picture) || out_of_memory(error)) &&
                 write_json(c, "results.json", results, error) && comparison_draw(picture, curves, error) &&
                 page_write(page, json_incref(curves), error);
  json_decref(results);
  json_decref(curves);
  free(page);
  free(picture);
  return written;
}

static bool make_contender_folder(const struct comparison *c, const struct contender *v, struct hrm_error *error) {
  char *path = file_in(c, v->name);
  bool made = path ? make_folder(path, error) : out_of_memory(error);
  free(path);
  return made;
}

/* Seed by seed, so that what is done first can be compared. */
static bool run_all(const struct comparison *c, struct hrm_error *error) {
  struct progress p = progress_new(stderr);
  for (int64_t seed = 0; seed < c->seeds; seed++) {
    for (int i = 0; i < c->count; i++) {
      const struct contender *v = &c->contenders[i];
      if (!make_contender_folder(c, v, error)) return false;
      if (!comparison_run_one(c, v, seed, &p, error)) return named_error(v, error);
      if (!write_results(c, error)) return false;
    }
  }
  return true;
}

bool comparison_run(struct comparison *c, struct hrm_error *error) { return open_all(c, error) && run_all(c, error); }

void comparison_free(struct comparison *c) {
  for (int i = 0; i < c->count; i++) free(c->contenders[i].data);
}

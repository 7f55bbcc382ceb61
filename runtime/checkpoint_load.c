#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/checkpoint.h"
#include "runtime/checkpoint_compare.h"
#include "runtime/run.h"

static bool is_of_training(const char *name) { return strncmp(name, OF_TRAINING, strlen(OF_TRAINING)) == 0; }

bool checkpoint_has_training(const struct tensor_file *file) {
  for (int i = 0; i < file->count; i++) {
    if (is_of_training(file->entries[i].name)) return true;
  }
  return false;
}

/* ---- Prefixes ---- */

/* The length that all names have in common; 0 where some are of training. */
static size_t common_length(const struct tensor_file *file) {
  const char *first = file->count ? file->entries[0].name : "";
  size_t length = strlen(first);
  for (int i = 0; i < file->count; i++) {
    const char *name = file->entries[i].name;
    size_t same = 0;
    while (same < length && name[same] == first[same]) same++;
    length = is_of_training(name) ? 0 : same;
  }
  return length;
}

static int matches(const struct tensor_file *file, const struct description *d, size_t length) {
  int count = 0;
  for (int i = 0; i < file->count; i++) count += description_find_weight(d, file->entries[i].name + length) >= 0;
  return count;
}

static void strip_prefix(struct tensor_file *file, const struct description *d) {
  enum { LONGEST_CHAIN = 16 };
  size_t common = common_length(file), best = 0;
  int most = matches(file, d, 0);
  for (size_t at = 0, chain = 0; at < common && chain < LONGEST_CHAIN; at++) {
    if (file->entries[0].name[at] != '.') continue;
    int count = matches(file, d, at + 1);
    if (count > most) most = count, best = at + 1;
    chain++;
  }
  for (int i = 0; i < file->count; i++) file->entries[i].name += best;
}

bool checkpoint_open(struct tensor_file *file, const char *path, const struct description *d,
                     struct hrm_error *error) {
  char *resolved = run_resolve_checkpoint(path, error);
  bool opened = resolved && tensor_file_open(file, resolved, error);
  free(resolved);
  if (opened) strip_prefix(file, d);
  return opened;
}

/* ---- Weights ---- */

struct loading {
  struct comparison comparison;
  const struct description *description;
  struct checkpoint_use use;
  struct model *model; /* NULL: nothing is copied */
};

static bool is_floating(const struct tensor_entry *entry) {
  return entry->dtype == STORED_F64 || entry->dtype == STORED_F32 || entry->dtype == STORED_F16 ||
         entry->dtype == STORED_BF16;
}

static bool check_floats(struct loading *l, const struct tensor_entry *entry) {
  if (is_floating(entry)) return true;
  comparison_differ(&l->comparison, "; '%s': the file has %s in place of floating-point numbers", entry->name,
                    stored_dtype_name(entry->dtype));
  return false;
}

/* Whether an entry is the table with another number of rows. */
static bool has_other_rows(const struct tensor_entry *entry, const struct weight_info *w) {
  struct shape rows = w->shape;
  if (!w->sparse || entry->shape.rank != rows.rank || rows.rank == 0 || entry->shape.size[0] == rows.size[0]) {
    return false;
  }
  rows.size[0] = entry->shape.size[0];
  return rows.size[0] > 0 && shape_equal(&rows, &entry->shape);
}

/* Every row becomes the mean of the file's, as the published code does it. */
static bool reset_table(struct loading *l, const struct tensor_entry *entry, int number) {
  const struct weight_info *w = &l->description->weights[number];
  int64_t rows = w->shape.size[0], width = rows ? w->shape.count / rows : 0, theirs = entry->shape.size[0];
  if (!check_floats(l, entry) || !l->model) return true;
  float *values = malloc((size_t)entry->shape.count * sizeof *values), *table = model_weight(l->model, number);
  if (!values) return false;
  tensor_entry_floats(entry, values);
  for (int64_t k = 0; k < width; k++) {
    double sum = 0;
    for (int64_t row = 0; row < theirs; row++) sum += (double)values[row * width + k];
    for (int64_t row = 0; row < rows; row++) table[row * width + k] = (float)(sum / (double)theirs);
  }
  free(values);
  return true;
}

static void copy(struct loading *l, const struct tensor_entry *entry, int number) {
  if (entry && check_floats(l, entry) && l->model) tensor_entry_floats(entry, model_weight(l->model, number));
}

static void load_plain(struct loading *l, const char *name, int number) {
  copy(l, comparison_entry(&l->comparison, name, &l->description->weights[number].shape), number);
}

static bool load_table(struct loading *l, const struct tensor_entry *entry, int number) {
  const struct weight_info *w = &l->description->weights[number];
  char ours[SHAPE_TEXT], theirs[SHAPE_TEXT];
  if (l->use.reset_tables) return reset_table(l, entry, number);
  comparison_differ(&l->comparison,
                    "; '%s': the model has %s, the file has %s (--reset-puzzle-table gives every row the mean of the "
                    "file's)",
                    w->path, shape_text(&w->shape, ours), shape_text(&entry->shape, theirs));
  return true;
}

/* false where memory is out; what differs is noted. */
static bool load_weight(struct loading *l, int number) {
  const struct weight_info *w = &l->description->weights[number];
  const struct tensor_entry *entry = tensor_file_find(l->comparison.file, w->path);
  char *average;
  if (entry && has_other_rows(entry, w)) return load_table(l, entry, number);
  load_plain(l, w->path, number);
  if (!l->use.averaged) return true;
  if (asprintf(&average, OF_TRAINING "ema.%s", w->path) < 0) return false;
  if (tensor_file_find(l->comparison.file, average)) load_plain(l, average, number);
  free(average);
  return true;
}

static void compare_unknown(struct loading *l) {
  char theirs[SHAPE_TEXT];
  const struct tensor_file *file = l->comparison.file;
  for (int i = 0; i < file->count; i++) {
    const struct tensor_entry *entry = &file->entries[i];
    if (is_of_training(entry->name) || description_find_weight(l->description, entry->name) >= 0) continue;
    comparison_differ(&l->comparison, "; '%s': the model has none, the file has %s", entry->name,
                      shape_text(&entry->shape, theirs));
  }
}

static bool load(struct loading *l, struct hrm_error *error) {
  for (int i = 0; i < l->description->weight_count; i++) {
    if (!load_weight(l, i)) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  }
  compare_unknown(l);
  return comparison_conclude(&l->comparison, error);
}

bool checkpoint_fits(const struct tensor_file *file, const struct description *d, struct checkpoint_use use,
                     struct hrm_error *error) {
  struct loading l = {.comparison.file = file, .description = d, .use = use};
  return load(&l, error);
}

bool checkpoint_load(struct model *model, const struct tensor_file *file, struct checkpoint_use use,
                     struct hrm_error *error) {
  struct loading l = {.comparison.file = file, .description = model->description, .use = use, .model = model};
  if (!load(&l, error) || !checkpoint_check_finite(model, file->path, error)) return false;
  model_prepare(model);
  return true;
}

bool checkpoint_check_finite(const struct model *model, const char *path, struct hrm_error *error) {
  for (int i = 0; i < model->description->weight_count; i++) {
    const struct weight_info *w = &model->description->weights[i];
    const float *values = model_weight(model, i);
    for (int64_t k = 0; k < w->shape.count; k++) {
      if (isfinite(values[k])) continue;
      return hrm_fail(error, HRM_INPUT, "%s cannot be used: weight '%s' is not finite", path, w->path);
    }
  }
  return true;
}

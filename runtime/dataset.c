#include "runtime/dataset.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool out_of_memory(struct hrm_error *error) { return hrm_fail(error, HRM_SYSTEM, "out of memory"); }

/* ---- dataset.json ---- */

static json_t *load_json(const char *path, struct hrm_error *error) {
  json_error_t where;
  FILE *file = fopen(path, "rb");
  if (!file) {
    hrm_fail(error, HRM_INPUT, "%s: %s; a data set is the folder that holds train and test", path, strerror(errno));
    return NULL;
  }
  json_t *json = json_loadf(file, JSON_REJECT_DUPLICATES, &where);
  fclose(file);
  if (!json) hrm_fail(error, HRM_INPUT, "%s:%d:%d: malformed JSON: %s", path, where.line, where.column, where.text);
  if (!json || json_is_object(json)) return json;
  json_decref(json);
  hrm_fail(error, HRM_INPUT, "%s: not a JSON object", path);
  return NULL;
}

struct json_file {
  const json_t *json;
  const char *path;
  struct hrm_error *error;
};

/* An integer in [low, high]. */
static bool get_integer(const struct json_file *file, const char *key, int64_t low, int64_t high, int64_t *out) {
  const json_t *value = json_object_get(file->json, key);
  if (!value) return hrm_fail(file->error, HRM_INPUT, "%s: \"%s\" is missing", file->path, key);
  if (!json_is_integer(value))
    return hrm_fail(file->error, HRM_INPUT, "%s: \"%s\" is not an integer", file->path, key);
  *out = json_integer_value(value);
  if (*out >= low && *out <= high) return true;
  return hrm_fail(file->error, HRM_INPUT, "%s: \"%s\" is %" PRId64 "; it must lie in %" PRId64 " … %" PRId64,
                  file->path, key, *out, low, high);
}

static bool get_i32(const struct json_file *file, const char *key, int64_t low, int64_t high, int32_t *out) {
  int64_t value;
  if (!get_integer(file, key, low, high, &value)) return false;
  *out = (int32_t)value;
  return true;
}

static bool get_mean(const struct json_file *file, double *mean) {
  const json_t *value = json_object_get(file->json, "mean_puzzle_examples");
  *mean = json_number_value(value);
  if (json_is_number(value) && *mean > 0) return true;
  return hrm_fail(file->error, HRM_INPUT, "%s: \"mean_puzzle_examples\" is not a positive number", file->path);
}

static bool get_sizes(const struct json_file *file, struct dataset *dataset) {
  return get_i32(file, "vocab_size", 1, INT32_MAX, &dataset->vocab_size) &&
         get_i32(file, "seq_len", 1, INT32_MAX, &dataset->seq_len) &&
         get_i32(file, "num_puzzle_identifiers", 1, INT32_MAX, &dataset->num_puzzle_identifiers);
}

static bool get_task(const struct json_file *file, char **task) {
  const char *text = json_string_value(json_object_get(file->json, "task"));
  *task = text ? strdup(text) : NULL;
  return *task || !text || out_of_memory(file->error);
}

/* One of the two numbers of "boxes"; 0 where there is none that could be. */
static int32_t get_box_side(const struct json_file *file, size_t which, int32_t most) {
  json_int_t side = json_integer_value(json_array_get(json_object_get(file->json, "boxes"), which));
  return side >= 1 && side <= most ? (int32_t)side : 0;
}

static void get_boxes(const struct json_file *file, struct dataset *dataset) {
  dataset->box_rows = get_box_side(file, 0, dataset->seq_len);
  dataset->box_columns = get_box_side(file, 1, dataset->seq_len);
}

static bool get_metadata(const struct json_file *file, struct dataset *dataset) {
  return get_sizes(file, dataset) && get_i32(file, "pad_id", 0, dataset->vocab_size - 1, &dataset->pad_id) &&
         get_i32(file, "blank_identifier_id", 0, dataset->num_puzzle_identifiers - 1,
                 &dataset->blank_identifier_id) &&
         get_integer(file, "total_groups", 1, INT64_MAX, &dataset->total_groups) &&
         get_mean(file, &dataset->mean_puzzle_examples) && get_task(file, &dataset->task) &&
         puzzle_text_from_json(&dataset->text, file->json, dataset->vocab_size, dataset->seq_len, dataset->pad_id,
                               file->path, file->error);
}

static bool get_ignore_label(const struct json_file *file, struct dataset_set *set) {
  const json_t *value = json_object_get(file->json, "ignore_label_id");
  set->has_ignore_label = value && !json_is_null(value);
  return !set->has_ignore_label || get_i32(file, "ignore_label_id", INT32_MIN, INT32_MAX, &set->ignore_label_id);
}

/* A set's name becomes part of file names and must not lead out of the folder. */
static bool get_sets(const struct json_file *file, struct dataset *dataset) {
  const json_t *names = json_object_get(file->json, "sets");
  size_t count = json_array_size(names);
  if (count == 0 || count > INT32_MAX)
    return hrm_fail(file->error, HRM_INPUT, "%s: \"sets\" is not a list of names", file->path);
  dataset->sets = calloc(count, sizeof *dataset->sets);
  if (!dataset->sets) return out_of_memory(file->error);
  for (size_t i = 0; i < count; i++) {
    const char *name = json_string_value(json_array_get(names, i));
    if (!name || !*name || strchr(name, '/') || strlen(name) != json_string_length(json_array_get(names, i)))
      return hrm_fail(file->error, HRM_INPUT, "%s: \"sets\" holds something that is not a file name", file->path);
    struct dataset_set *set = &dataset->sets[dataset->num_sets++];
    *set = (struct dataset_set){.name = strdup(name), .seq_len = dataset->seq_len};
    if (!set->name) return out_of_memory(file->error);
    if (!get_ignore_label(file, set)) return false;
  }
  return true;
}

/* ---- Arrays ---- */

struct opening {
  struct dataset *dataset;
  struct dataset_set *set;
  struct hrm_error *error;
};

static bool fail_array(const struct opening *o, const char *array, const char *what) {
  return hrm_fail(o->error, HRM_INPUT, "%s/%s__%s.npy: %s", o->dataset->path, o->set->name, array, what);
}

static bool open_array(const struct opening *o, const char *suffix, int rank, struct npy_array *array) {
  char *path;
  if (asprintf(&path, "%s/%s__%s.npy", o->dataset->path, o->set->name, suffix) < 0) return out_of_memory(o->error);
  bool ok = npy_open(array, path, o->error);
  free(path);
  if (!ok) return false;
  if (!npy_is_integer(array->type)) return fail_array(o, suffix, "the elements are not integers");
  return array->rank == rank ||
         fail_array(o, suffix, rank == 1 ? "the array must have one axis" : "the array must have two axes");
}

static bool open_arrays(const struct opening *o) {
  struct dataset_set *set = o->set;
  return open_array(o, "inputs", 2, &set->inputs) && open_array(o, "labels", 2, &set->labels) &&
         open_array(o, "puzzle_identifiers", 1, &set->puzzle_identifiers) &&
         open_array(o, "puzzle_indices", 1, &set->puzzle_indices) &&
         open_array(o, "group_indices", 1, &set->group_indices);
}

static bool check_axis(const struct opening *o, const char *array, const char *axis, int64_t is, int64_t wanted) {
  if (is == wanted) return true;
  char text[160];
  snprintf(text, sizeof text, "%" PRId64 " %s; %" PRId64 " are expected", is, axis, wanted);
  return fail_array(o, array, text);
}

static bool check_shapes(const struct opening *o) {
  struct dataset_set *set = o->set;
  set->examples = set->inputs.shape[0];
  set->puzzles = set->puzzle_identifiers.shape[0];
  set->groups = set->group_indices.shape[0] - 1;
  if (set->examples == 0) return fail_array(o, "inputs", "no examples");
  if (set->groups < 1) return fail_array(o, "group_indices", "no groups");
  return check_axis(o, "inputs", "tokens an example (seq_len)", set->inputs.shape[1], set->seq_len) &&
         check_axis(o, "labels", "tokens an example (seq_len)", set->labels.shape[1], set->seq_len) &&
         check_axis(o, "labels", "examples", set->labels.shape[0], set->examples) &&
         check_axis(o, "puzzle_indices", "entries (puzzles + 1)", set->puzzle_indices.shape[0], set->puzzles + 1);
}

/* indices cut [0, end) into ranges of at least one. */
static bool check_indices(const struct opening *o, const char *name, const struct npy_array *indices, int64_t end,
                          const char *unit) {
  char text[160];
  int64_t last = indices->count - 1;
  if (npy_integer(indices, 0) != 0) return fail_array(o, name, "the first entry is not 0");
  for (int64_t i = 0; i < last; i++) {
    if (npy_integer(indices, i) < npy_integer(indices, i + 1)) continue;
    snprintf(text, sizeof text, "entry %" PRId64 " is %" PRId64 ", not above the one before it", i + 1,
             npy_integer(indices, i + 1));
    return fail_array(o, name, text);
  }
  if (npy_integer(indices, last) == end) return true;
  snprintf(text, sizeof text, "the last entry is %" PRId64 "; there are %" PRId64 " %s", npy_integer(indices, last),
           end, unit);
  return fail_array(o, name, text);
}

/* Every element lies in [0, bound) or equals *other, where there is another value that is allowed. */
static bool check_values(const struct opening *o, const char *name, const struct npy_array *array, int64_t bound,
                         const int32_t *other, const char *what) {
  int64_t smallest, largest;
  npy_range(array, &smallest, &largest);
  if (smallest >= 0 && largest < bound) return true;
  int64_t width = array->rank == 2 ? array->shape[1] : 1;
  for (int64_t i = 0; i < array->count; i++) {
    int64_t value = npy_integer(array, i);
    if ((value >= 0 && value < bound) || (other && value == *other)) continue;
    char text[200];
    snprintf(text, sizeof text, "%s %" PRId64 " in row %" PRId64 "; it must lie in 0 … %" PRId64, what, value,
             i / width, bound - 1);
    return fail_array(o, name, text);
  }
  return true;
}

static bool check_contents(const struct opening *o) {
  const struct dataset *dataset = o->dataset;
  const struct dataset_set *set = o->set;
  return check_indices(o, "puzzle_indices", &set->puzzle_indices, set->examples, "examples") &&
         check_indices(o, "group_indices", &set->group_indices, set->puzzles, "puzzles") &&
         check_values(o, "puzzle_identifiers", &set->puzzle_identifiers, dataset->num_puzzle_identifiers, NULL,
                      "identifier") &&
         check_values(o, "inputs", &set->inputs, dataset->vocab_size, NULL, "token") &&
         check_values(o, "labels", &set->labels, dataset->vocab_size,
                      set->has_ignore_label ? &set->ignore_label_id : NULL, "token");
}

/* ---- Opening ---- */

static char *split_path(const char *directory, const char *split, const char *file) {
  char *path;
  return asprintf(&path, "%s/%s%s", directory, split, file) < 0 ? NULL : path;
}

static bool read_metadata(struct dataset *dataset, const char *directory, const char *split,
                          struct hrm_error *error) {
  char *path = split_path(directory, split, "/dataset.json");
  if (!path) return out_of_memory(error);
  json_t *json = load_json(path, error);
  struct json_file file = {json, path, error};
  bool ok = json && get_metadata(&file, dataset) && get_sets(&file, dataset);
  if (ok) get_boxes(&file, dataset);
  json_decref(json);
  free(path);
  return ok;
}

/* From here on examples are taken one by one: the pages around them would be read for nothing. */
static void expect_random(const struct dataset_set *set) {
  npy_expect_random(&set->inputs);
  npy_expect_random(&set->labels);
}

static bool open_sets(struct dataset *dataset, struct hrm_error *error) {
  for (int i = 0; i < dataset->num_sets; i++) {
    struct opening o = {dataset, &dataset->sets[i], error};
    if (!open_arrays(&o) || !check_shapes(&o) || !check_contents(&o)) return false;
    expect_random(o.set);
  }
  return true;
}

bool dataset_open(struct dataset *dataset, const char *directory, const char *split, struct hrm_error *error) {
  *dataset = (struct dataset){.path = split_path(directory, split, "")};
  if (!dataset->path) return out_of_memory(error);
  if (read_metadata(dataset, directory, split, error) && open_sets(dataset, error)) return true;
  dataset_close(dataset);
  return false;
}

static void close_set(struct dataset_set *set) {
  npy_close(&set->inputs);
  npy_close(&set->labels);
  npy_close(&set->puzzle_identifiers);
  npy_close(&set->puzzle_indices);
  npy_close(&set->group_indices);
  free(set->name);
}

void dataset_close(struct dataset *dataset) {
  for (int i = 0; i < dataset->num_sets; i++) close_set(&dataset->sets[i]);
  free(dataset->sets);
  free(dataset->path);
  free(dataset->task);
  *dataset = (struct dataset){0};
}

static bool is_readable(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file) fclose(file);
  return file;
}

/* The split that tells the sizes; on failure the message is of train. */
static const char *split_of_sizes(const char *train, const char *test) {
  return is_readable(train) || !is_readable(test) ? "train" : "test";
}

bool dataset_read_sizes(struct dataset_sizes *sizes, const char *directory, struct hrm_error *error) {
  char *train = split_path(directory, "train", "/dataset.json");
  char *test = split_path(directory, "test", "/dataset.json");
  struct dataset dataset = {0};
  bool ok =
      train && test ? read_metadata(&dataset, directory, split_of_sizes(train, test), error) : out_of_memory(error);
  if (ok) *sizes = (struct dataset_sizes){dataset.vocab_size, dataset.seq_len, dataset.num_puzzle_identifiers};
  dataset_close(&dataset);
  free(train);
  free(test);
  return ok;
}

static bool size_fits(const struct dataset *dataset, const char *key, int64_t is, int64_t model, bool at_least,
                      struct hrm_error *error) {
  if (is == model || (at_least && is < model)) return true;
  return hrm_fail(error, HRM_INPUT, "%s: %s is %" PRId64 "; the model was compiled for %" PRId64, dataset->path, key,
                  is, model);
}

bool dataset_fits(const struct dataset *dataset, const struct dataset_sizes *sizes, bool at_least,
                  struct hrm_error *error) {
  return size_fits(dataset, "vocab_size", dataset->vocab_size, sizes->vocab_size, at_least, error) &&
         size_fits(dataset, "seq_len", dataset->seq_len, sizes->seq_len, false, error) &&
         size_fits(dataset, "num_puzzle_identifiers", dataset->num_puzzle_identifiers, sizes->num_puzzle_identifiers,
                   at_least, error);
}

/* ---- Access ---- */

void dataset_inputs(const struct dataset_set *set, int64_t example, int32_t *tokens) {
  npy_copy_i32(&set->inputs, example * set->seq_len, set->seq_len, tokens);
}

void dataset_labels(const struct dataset_set *set, int64_t example, int32_t *tokens) {
  npy_copy_i32(&set->labels, example * set->seq_len, set->seq_len, tokens);
  if (!set->has_ignore_label) return;
  for (int32_t i = 0; i < set->seq_len; i++)
    if (tokens[i] == set->ignore_label_id) tokens[i] = DATASET_UNLABELLED;
}

static struct dataset_range range_at(const struct npy_array *indices, int64_t i) {
  return (struct dataset_range){npy_integer(indices, i), npy_integer(indices, i + 1)};
}

struct dataset_range dataset_puzzle_examples(const struct dataset_set *set, int64_t puzzle) {
  return range_at(&set->puzzle_indices, puzzle);
}

struct dataset_range dataset_group_puzzles(const struct dataset_set *set, int64_t group) {
  return range_at(&set->group_indices, group);
}

int32_t dataset_puzzle_identifier(const struct dataset_set *set, int64_t puzzle) {
  return (int32_t)npy_integer(&set->puzzle_identifiers, puzzle);
}

int64_t dataset_puzzle_of_example(const struct dataset_set *set, int64_t example) {
  int64_t low = 0, high = set->puzzles;
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    if (npy_integer(&set->puzzle_indices, middle) <= example)
      low = middle;
    else
      high = middle;
  }
  return low;
}

int64_t dataset_spread_example(const struct dataset_set *set, int64_t i, int64_t count) {
  return (int64_t)((__int128)i * set->examples / count);
}

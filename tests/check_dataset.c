#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/atomic_file.h"
#include "runtime/loader.h"
#include "runtime/random.h"
#include "tests/suite.h"

/* Two groups; the first has puzzles of two examples and one, the second one of one.  Rows of 2 x 3 tokens. */
enum { EXAMPLES = 4, LENGTH = 6 };

static const uint8_t inputs[EXAMPLES][LENGTH] = {
    {1, 2, 3, 1, 1, 2}, {2, 2, 2, 3, 3, 3}, {1, 1, 1, 1, 1, 1}, {3, 2, 1, 3, 2, 1}};
static const int64_t labels[EXAMPLES][LENGTH] = {
    {0, 2, 3, 1, 1, 2}, {2, 2, 2, 3, 3, 0}, {1, 1, 1, 1, 1, 1}, {3, 2, 1, 3, 2, 1}};
static const int32_t identifiers[] = {1, 2, 4}, puzzle_indices[] = {0, 2, 3, 4}, group_indices[] = {0, 2, 3};

static const char description[] =
    "{\"pad_id\": 0, \"ignore_label_id\": 0, \"blank_identifier_id\": 0, \"vocab_size\": 4, \"seq_len\": 6,\n"
    " \"num_puzzle_identifiers\": 5, \"total_groups\": 2, \"mean_puzzle_examples\": 1.5, \"sets\": [\"all\"],\n"
    " \"characters\": \" .AB\", \"aliases\": {\"0\": \".\"}, \"grid\": [2, 3], \"somebody's\": {\"key\": [1]}, "
    "\"total_puzzles\": 3}";

static char folder[] = "/tmp/check_dataset.XXXXXX";
static struct hrm_error error;
static struct dataset dataset;

static const char *inside(const char *name) {
  static char path[160];
  snprintf(path, sizeof path, "%s/train/%s", folder, name);
  return path;
}

static void write_array(const char *name, enum npy_type type, int rank, int64_t rows, int64_t columns,
                        const void *data) {
  ck_assert_msg(npy_write(inside(name), type, rank, (const int64_t[]){rows, columns}, data, &error), "%s",
                error.text);
}

static void write_description(const char *text) {
  ck_assert(atomic_write_file(inside("dataset.json"), text, strlen(text), &error));
}

static void setup(void) {
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(mkdir(inside(""), 0777), 0);
  write_description(description);
  write_array("all__inputs.npy", NPY_U8, 2, EXAMPLES, LENGTH, inputs);
  write_array("all__labels.npy", NPY_I64, 2, EXAMPLES, LENGTH, labels);
  write_array("all__puzzle_identifiers.npy", NPY_I32, 1, 3, 0, identifiers);
  write_array("all__puzzle_indices.npy", NPY_I32, 1, 4, 0, puzzle_indices);
  write_array("all__group_indices.npy", NPY_I32, 1, 3, 0, group_indices);
}

static void teardown(void) {
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", folder);
  ck_assert_int_eq(system(command), 0);
}

static void open_data_set(void) { ck_assert_msg(dataset_open(&dataset, folder, "train", &error), "%s", error.text); }

/* The message, with FOLDER/train cut off where it begins with it. */
static const char *refusal(void) {
  ck_assert(!dataset_open(&dataset, folder, "train", &error));
  ck_assert_ptr_null(dataset.sets);
  ck_assert_int_eq(error.code, HRM_INPUT);
  size_t prefix = strlen(inside(""));
  return strncmp(error.text, inside(""), prefix) ? error.text : error.text + prefix;
}

/* ---- What a good data set gives ---- */

START_TEST(test_metadata) {
  open_data_set();
  ck_assert_int_eq(dataset.vocab_size, 4);
  ck_assert_int_eq(dataset.seq_len, 6);
  ck_assert_int_eq(dataset.num_puzzle_identifiers, 5);
  ck_assert_int_eq(dataset.total_groups, 2);
  ck_assert_double_eq(dataset.mean_puzzle_examples, 1.5);
  ck_assert_int_eq(dataset.num_sets, 1);
  ck_assert_str_eq(dataset.sets[0].name, "all");
  ck_assert_int_eq(dataset.sets[0].examples, 4);
  ck_assert_int_eq(dataset.sets[0].puzzles, 3);
  ck_assert_int_eq(dataset.sets[0].groups, 2);
  dataset_close(&dataset);
  struct dataset_sizes sizes;
  ck_assert(dataset_read_sizes(&sizes, folder, &error));
  ck_assert_int_eq(sizes.vocab_size, 4);
  ck_assert_int_eq(sizes.seq_len, 6);
  ck_assert_int_eq(sizes.num_puzzle_identifiers, 5);
}
END_TEST

START_TEST(test_examples) {
  open_data_set();
  const struct dataset_set *set = &dataset.sets[0];
  int32_t tokens[LENGTH];
  dataset_inputs(set, 1, tokens);
  ck_assert_mem_eq(tokens, ((int32_t[]){2, 2, 2, 3, 3, 3}), sizeof tokens);
  dataset_labels(set, 1, tokens);
  ck_assert_mem_eq(tokens, ((int32_t[]){2, 2, 2, 3, 3, -100}), sizeof tokens);
  dataset_labels(set, 3, tokens);
  ck_assert_mem_eq(tokens, ((int32_t[]){3, 2, 1, 3, 2, 1}), sizeof tokens);
  dataset_close(&dataset);
}
END_TEST

START_TEST(test_structure) {
  open_data_set();
  const struct dataset_set *set = &dataset.sets[0];
  struct dataset_range puzzles = dataset_group_puzzles(set, 0), examples = dataset_puzzle_examples(set, 0);
  ck_assert_int_eq(puzzles.begin, 0);
  ck_assert_int_eq(puzzles.end, 2);
  ck_assert_int_eq(examples.begin, 0);
  ck_assert_int_eq(examples.end, 2);
  ck_assert_int_eq(dataset_puzzle_identifier(set, 2), 4);
  static const int64_t of_example[] = {0, 0, 1, 2};
  for (int i = 0; i < EXAMPLES; i++) ck_assert_int_eq(dataset_puzzle_of_example(set, i), of_example[i]);
  dataset_close(&dataset);
}
END_TEST

/* The description with one text replaced by another. */
static void change_description(const char *find, const char *replace) {
  char text[sizeof description + 64];
  const char *at = strstr(description, find);
  ck_assert_ptr_nonnull(at);
  snprintf(text, sizeof text, "%.*s%s%s", (int)(at - description), description, replace, at + strlen(find));
  write_description(text);
}

static const char *const no_ignored_label[] = {"\"ignore_label_id\": null,", ""};

START_TEST(test_no_ignored_label) {
  change_description("\"ignore_label_id\": 0,", no_ignored_label[_i]);
  open_data_set();
  int32_t tokens[LENGTH];
  dataset_labels(&dataset.sets[0], 0, tokens);
  ck_assert_int_eq(tokens[0], 0);
  dataset_close(&dataset);
}
END_TEST

START_TEST(test_ignored_label_outside_the_vocabulary) {
  int16_t outside[EXAMPLES][LENGTH];
  for (int i = 0; i < EXAMPLES * LENGTH; i++) outside[i / LENGTH][i % LENGTH] = i % 2 ? -100 : 3;
  write_array("all__labels.npy", NPY_I16, 2, EXAMPLES, LENGTH, outside);
  change_description("\"ignore_label_id\": 0", "\"ignore_label_id\": -100");
  open_data_set();
  int32_t tokens[LENGTH];
  dataset_labels(&dataset.sets[0], 0, tokens);
  ck_assert_mem_eq(tokens, ((int32_t[]){3, -100, 3, -100, 3, -100}), sizeof tokens);
  dataset_close(&dataset);
}
END_TEST

static void open_as(enum npy_type type) {
  int64_t shape[2] = {EXAMPLES, LENGTH};
  unsigned char tokens[EXAMPLES * LENGTH * sizeof(int64_t)] = {0}, *at = tokens;
  for (int i = 0; i < EXAMPLES * LENGTH; i++, at += npy_type_bytes(type)) *at = inputs[i / LENGTH][i % LENGTH];
  ck_assert(npy_write(inside("all__inputs.npy"), type, 2, shape, tokens, &error));
  ck_assert(npy_write(inside("all__labels.npy"), type, 2, shape, tokens, &error));
  at = tokens;
  memset(tokens, 0, sizeof tokens);
  for (int i = 0; i < 4; i++, at += npy_type_bytes(type)) *at = (unsigned char)puzzle_indices[i];
  ck_assert(npy_write(inside("all__puzzle_indices.npy"), type, 1, (int64_t[]){4}, tokens, &error));
  open_data_set();
}

/* Every integer type reads as the same numbers, in tokens and in indices. */
START_TEST(test_integer_types) {
  int32_t tokens[LENGTH];
  open_as((enum npy_type)_i);
  const struct dataset_set *set = &dataset.sets[0];
  for (int example = 0; example < EXAMPLES; example++) {
    dataset_inputs(set, example, tokens);
    for (int i = 0; i < LENGTH; i++) ck_assert_int_eq(tokens[i], inputs[example][i]);
    dataset_labels(set, example, tokens);
    for (int i = 0; i < LENGTH; i++) ck_assert_int_eq(tokens[i], inputs[example][i]);
  }
  ck_assert_int_eq(dataset_puzzle_examples(set, 1).begin, 2);
  ck_assert_int_eq(dataset_puzzle_examples(set, 2).end, 4);
  dataset_close(&dataset);
}
END_TEST

/* The sets of a split differ in size and in type of element. */
START_TEST(test_several_sets) {
  static const uint8_t more[1][LENGTH] = {{3, 3, 3, 1, 1, 1}};
  static const int64_t one[] = {0, 1}, identifier[] = {3};
  write_array("more__inputs.npy", NPY_U8, 2, 1, LENGTH, more);
  write_array("more__labels.npy", NPY_U8, 2, 1, LENGTH, more);
  write_array("more__puzzle_identifiers.npy", NPY_I64, 1, 1, 0, identifier);
  write_array("more__puzzle_indices.npy", NPY_I64, 1, 2, 0, one);
  write_array("more__group_indices.npy", NPY_I64, 1, 2, 0, one);
  change_description("[\"all\"]", "[\"more\", \"all\"]");
  open_data_set();
  int32_t tokens[LENGTH];
  ck_assert_int_eq(dataset.num_sets, 2);
  ck_assert_str_eq(dataset.sets[0].name, "more");
  ck_assert_str_eq(dataset.sets[1].name, "all");
  ck_assert(dataset.sets[0].examples == 1 && dataset.sets[1].examples == EXAMPLES);
  ck_assert_int_eq(dataset_puzzle_identifier(&dataset.sets[0], 0), 3);
  dataset_inputs(&dataset.sets[0], 0, tokens);
  ck_assert_mem_eq(tokens, ((int32_t[]){3, 3, 3, 1, 1, 1}), sizeof tokens);
  dataset_close(&dataset);
}
END_TEST

/* Lengthens the array of a file by zeros up to `rows` rows, none of which takes room on the disk. */
static void write_sparse(const char *name, int64_t rows) {
  const int64_t shape[] = {rows, LENGTH};
  struct npy_header header = npy_header(NPY_U8, 2, shape);
  FILE *file = fopen(inside(name), "wb");
  ck_assert(file && fwrite(header.text, 1, header.length, file) == header.length && fflush(file) == 0);
  ck_assert_int_eq(ftruncate(fileno(file), (off_t)((int64_t)header.length + rows * LENGTH)), 0);
  fclose(file);
}

static long peak_kilobytes(void) {
  struct rusage usage;
  ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_maxrss;
}

static void draw_batches(void) {
  enum { BATCH = 64, BATCHES = 2000 };
  struct loader loader;
  struct example examples[BATCH];
  int32_t tokens[LENGTH];
  ck_assert(loader_new(&loader, &dataset, BATCH, 1, &error));
  for (int i = 0; i < BATCHES; i++) {
    loader_next(&loader, examples);
    for (int k = 0; k < BATCH; k++) {
      dataset_inputs(examples[k].set, examples[k].index, tokens);
      dataset_labels(examples[k].set, examples[k].index, tokens);
    }
  }
  loader_free(&loader);
}

/* A set is mapped and looked at in pieces: opening one of half a gigabyte, and drawing examples from all over it,
 * takes a small part of that. */
START_TEST(test_memory) {
  enum { FILE_BYTES = 1 << 28, MOST_KILOBYTES = 64 << 10, PUZZLES = 1000 };
  int64_t indices[PUZZLES + 1], identifier[PUZZLES] = {0};
  const int64_t rows = FILE_BYTES / LENGTH, puzzle = rows / PUZZLES;
  write_sparse("all__inputs.npy", rows);
  write_sparse("all__labels.npy", rows);
  for (int64_t i = 0; i < PUZZLES; i++) indices[i] = i * puzzle;
  indices[PUZZLES] = rows;
  write_array("all__puzzle_identifiers.npy", NPY_I64, 1, PUZZLES, 0, identifier);
  write_array("all__puzzle_indices.npy", NPY_I64, 1, PUZZLES + 1, 0, indices);
  for (int64_t i = 0; i <= PUZZLES; i++) indices[i] = i;
  write_array("all__group_indices.npy", NPY_I64, 1, PUZZLES + 1, 0, indices);
  long before = peak_kilobytes();
  open_data_set();
  draw_batches();
  for (int i = 0; i < 10; i++) dataset_identify(&dataset);
  ck_assert_int_lt(peak_kilobytes() - before, MOST_KILOBYTES);
  dataset_close(&dataset);
}
END_TEST

START_TEST(test_fits) {
  open_data_set();
  char message[200];
  ck_assert(dataset_fits(&dataset, &(struct dataset_sizes){4, 6, 5}, false, &error));
  ck_assert(dataset_fits(&dataset, &(struct dataset_sizes){9, 6, 7}, true, &error));
  ck_assert(!dataset_fits(&dataset, &(struct dataset_sizes){9, 6, 5}, false, &error));
  snprintf(message, sizeof message, "%s/train: vocab_size is 4; the model was compiled for 9", folder);
  ck_assert_str_eq(error.text, message);
  ck_assert(!dataset_fits(&dataset, &(struct dataset_sizes){4, 7, 5}, true, &error));
  snprintf(message, sizeof message, "%s/train: seq_len is 6; the model was compiled for 7", folder);
  ck_assert_str_eq(error.text, message);
  ck_assert(!dataset_fits(&dataset, &(struct dataset_sizes){4, 6, 4}, true, &error));
  snprintf(message, sizeof message, "%s/train: num_puzzle_identifiers is 5; the model was compiled for 4", folder);
  ck_assert_str_eq(error.text, message);
  dataset_close(&dataset);
}
END_TEST

/* ---- Text ---- */

static bool read_text(const char *text, int32_t *tokens) {
  return puzzle_text_read(&dataset.text, text, strlen(text), tokens, &error);
}

START_TEST(test_text) {
  open_data_set();
  int32_t tokens[LENGTH];
  ck_assert_msg(read_text("A.B\n 0 B A\r\n", tokens), "%s", error.text);
  ck_assert_mem_eq(tokens, ((int32_t[]){2, 1, 3, 1, 3, 2}), sizeof tokens);
  char line[LENGTH + 1], printed[32] = "";
  puzzle_text_line(&dataset.text, tokens, line);
  ck_assert_str_eq(line, "A.B.BA");
  FILE *out = fmemopen(printed, sizeof printed, "w");
  puzzle_text_print(&dataset.text, tokens, true, out);
  fclose(out);
  ck_assert_str_eq(printed, "A . B\n. B A\n");
  dataset_close(&dataset);
}
END_TEST

START_TEST(test_bad_text) {
  open_data_set();
  int32_t tokens[LENGTH];
  ck_assert(!read_text("A.BxBA", tokens));
  ck_assert_str_eq(error.text, "character 'x' at row 2, column 1 of the puzzle is none of \" .AB\"");
  ck_assert(!read_text("A.B\x80", tokens));
  ck_assert_str_eq(error.text, "character \\x80 at row 2, column 1 of the puzzle is none of \" .AB\"");
  ck_assert(!read_text("A.B", tokens));
  ck_assert_str_eq(error.text, "the puzzle has 3 characters; the model reads 6 (2 rows of 3)");
  ck_assert(!read_text("A.BA.BA", tokens));
  ck_assert_str_eq(error.text, "the puzzle has 7 characters; the model reads 6 (2 rows of 3)");
  dataset_close(&dataset);
}
END_TEST

START_TEST(test_text_survives_json) {
  open_data_set();
  json_t *object = json_object();
  struct puzzle_text copy;
  ck_assert(puzzle_text_to_json(&dataset.text, object, &error));
  ck_assert(puzzle_text_from_json(&copy, object, 4, 6, 0, "x", &error));
  ck_assert_mem_eq(&copy, &dataset.text, sizeof copy);
  json_decref(object);
  dataset_close(&dataset);
}
END_TEST

/* ---- Bad descriptions ---- */

static const struct {
  const char *find, *replace, *message;
} descriptions[] = {
    {"\"vocab_size\": 4", "\"vocab_siz\": 4", "dataset.json: \"vocab_size\" is missing"},
    {"\"vocab_size\": 4", "\"vocab_size\": 4.5", "dataset.json: \"vocab_size\" is not an integer"},
    {"\"vocab_size\": 4", "\"vocab_size\": 0", "dataset.json: \"vocab_size\" is 0; it must lie in 1 … 2147483647"},
    {"\"vocab_size\": 4", "\"vocab_size\": 4294967300",
     "dataset.json: \"vocab_size\" is 4294967300; it must lie in 1 … 2147483647"},
    {"\"vocab_size\": 4", "\"vocab_size\": 5", "dataset.json: \"characters\" has 4 characters; vocab_size is 5"},
    {"\"pad_id\": 0", "\"pad_id\": 4", "dataset.json: \"pad_id\" is 4; it must lie in 0 … 3"},
    {"\"blank_identifier_id\": 0", "\"blank_identifier_id\": 5",
     "dataset.json: \"blank_identifier_id\" is 5; it must lie in 0 … 4"},
    {"\"ignore_label_id\": 0", "\"ignore_label_id\": \"0\"", "dataset.json: \"ignore_label_id\" is not an integer"},
    {"1.5", "-1", "dataset.json: \"mean_puzzle_examples\" is not a positive number"},
    {"[\"all\"]", "[]", "dataset.json: \"sets\" is not a list of names"},
    {"[\"all\"]", "\"all\"", "dataset.json: \"sets\" is not a list of names"},
    {"[\"all\"]", "[\"../all\"]", "dataset.json: \"sets\" holds something that is not a file name"},
    {"[\"all\"]", "[1]", "dataset.json: \"sets\" holds something that is not a file name"},
    {"[\"all\"]", "[\"more\"]", "more__inputs.npy: No such file or directory"},
    {"[2, 3]", "[3, 3]", "dataset.json: \"grid\" is not [rows, columns] with rows * columns = seq_len"},
    {"[2, 3]", "[2.0, 3]", "dataset.json: \"grid\" is not [rows, columns] with rows * columns = seq_len"},
    {"[2, 3]", "[0, 0]", "dataset.json: \"grid\" is not [rows, columns] with rows * columns = seq_len"},
    {" .AB", " .AA", "dataset.json: \"characters\" holds a character twice"},
    {"\" .AB\"", "7", "dataset.json: \"characters\" is not a string"},
    {" .AB", "ä.A", "dataset.json: \"characters\" holds a character that is not printable ASCII"},
    {"{\"0\": \".\"}", "{\"A\": \".\"}",
     "dataset.json: \"aliases\" must lead from new characters to those of \"characters\""},
    {"{\"0\": \".\"}", "{\"00\": \".\"}", "dataset.json: \"aliases\" has an entry that is not of one character each"},
    {"\"seq_len\": 6", "\"seq_len\": 3",
     "dataset.json: \"grid\" is not [rows, columns] with rows * columns = seq_len"},
};

START_TEST(test_bad_descriptions) {
  change_description(descriptions[_i].find, descriptions[_i].replace);
  ck_assert_str_eq(refusal(), descriptions[_i].message);
}
END_TEST

static const struct {
  const char *find, *replace, *message; /* Jansson's own words follow */
} malformed[] = {
    {"[\"all\"]", "[\"a\\u0000b\"]", "dataset.json:2:97: malformed JSON: "},
    {"\"pad_id\": 0", "\"pad_id\": 0, \"pad_id\": 0", "dataset.json:1:22: malformed JSON: "},
    {"{\"pad_id\"", "[\"pad_id\"", "dataset.json:1:10: malformed JSON: "},
};

START_TEST(test_malformed_json) {
  change_description(malformed[_i].find, malformed[_i].replace);
  ck_assert_int_eq(strncmp(refusal(), malformed[_i].message, strlen(malformed[_i].message)), 0);
}
END_TEST

START_TEST(test_no_description) {
  ck_assert_int_eq(remove(inside("dataset.json")), 0);
  ck_assert_ptr_nonnull(strstr(refusal(), "No such file or directory"));
  write_description("[]");
  ck_assert_str_eq(refusal(), "dataset.json: not a JSON object");
}
END_TEST

/* ---- Bad arrays ---- */

static const struct {
  const char *name;
  int rank;
  int64_t rows, columns;
  int32_t data[EXAMPLES * LENGTH];
  const char *message;
} arrays[] = {
    {"all__inputs.npy", 2, 4, 5, {1}, "all__inputs.npy: 5 tokens an example (seq_len); 6 are expected"},
    {"all__inputs.npy", 2, 0, 6, {0}, "all__inputs.npy: no examples"},
    {"all__inputs.npy", 1, 24, 0, {1}, "all__inputs.npy: the array must have two axes"},
    {"all__inputs.npy", 2, 4, 6, {[7] = 4}, "all__inputs.npy: token 4 in row 1; it must lie in 0 … 3"},
    {"all__inputs.npy", 2, 4, 6, {[23] = -1}, "all__inputs.npy: token -1 in row 3; it must lie in 0 … 3"},
    {"all__labels.npy", 2, 3, 6, {1}, "all__labels.npy: 3 examples; 4 are expected"},
    {"all__labels.npy", 2, 4, 6, {[6] = -100}, "all__labels.npy: token -100 in row 1; it must lie in 0 … 3"},
    {"all__puzzle_identifiers.npy", 1, 2, 0, {0}, "all__puzzle_indices.npy: 4 entries (puzzles + 1); 3 are expected"},
    {"all__puzzle_identifiers.npy", 2, 3, 1, {0}, "all__puzzle_identifiers.npy: the array must have one axis"},
    {"all__puzzle_identifiers.npy",
     1,
     3,
     0,
     {0, 5},
     "all__puzzle_identifiers.npy: identifier 5 in row 1; it must lie in 0 … 4"},
    {"all__puzzle_indices.npy", 1, 4, 0, {1, 2, 3, 4}, "all__puzzle_indices.npy: the first entry is not 0"},
    {"all__puzzle_indices.npy",
     1,
     4,
     0,
     {0, 2, 2, 4},
     "all__puzzle_indices.npy: entry 2 is 2, not above the one before it"},
    {"all__puzzle_indices.npy",
     1,
     4,
     0,
     {0, 2, 3, 5},
     "all__puzzle_indices.npy: the last entry is 5; there are 4 examples"},
    {"all__group_indices.npy",
     1,
     3,
     0,
     {0, 2, 4},
     "all__group_indices.npy: the last entry is 4; there are 3 puzzles"},
    {"all__group_indices.npy",
     1,
     3,
     0,
     {0, 4, 3},
     "all__group_indices.npy: entry 2 is 3, not above the one before it"},
    {"all__group_indices.npy", 1, 1, 0, {0}, "all__group_indices.npy: no groups"},
    {"all__group_indices.npy", 1, 0, 0, {0}, "all__group_indices.npy: no groups"},
};

START_TEST(test_bad_arrays) {
  write_array(arrays[_i].name, NPY_I32, arrays[_i].rank, arrays[_i].rows, arrays[_i].columns, arrays[_i].data);
  ck_assert_str_eq(refusal(), arrays[_i].message);
}
END_TEST

START_TEST(test_float_array) {
  static const float zeros[EXAMPLES * LENGTH];
  write_array("all__inputs.npy", NPY_F32, 2, EXAMPLES, LENGTH, zeros);
  ck_assert_str_eq(refusal(), "all__inputs.npy: the elements are not integers");
}
END_TEST

/* ---- Random damage: refused or read, never a crash ---- */

START_TEST(test_damaged_descriptions) {
  for (uint64_t round = 0; round < 1000; round++) {
    struct random_stream random = stream_named(7, "damage", round);
    char text[sizeof description];
    strcpy(text, description);
    for (uint64_t i = 0; i < 1 + round % 2; i++)
      text[stream_below(random, 2 * i, sizeof text - 1)] = (char)stream_bits(random, 2 * i + 1);
    FILE *file = fopen(inside("dataset.json"), "w");
    ck_assert_uint_eq(fwrite(text, 1, sizeof text - 1, file), sizeof text - 1);
    ck_assert_int_eq(fclose(file), 0);
    if (dataset_open(&dataset, folder, "train", &error)) dataset_close(&dataset);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("dataset");
  TCase *good = suite_case(suite, "good", setup, teardown);
  tcase_add_test(good, test_metadata);
  tcase_add_test(good, test_examples);
  tcase_add_test(good, test_structure);
  tcase_add_loop_test(good, test_no_ignored_label, 0, sizeof no_ignored_label / sizeof *no_ignored_label);
  tcase_add_test(good, test_ignored_label_outside_the_vocabulary);
  tcase_add_loop_test(good, test_integer_types, 0, NPY_I64 + 1);
  tcase_add_test(good, test_several_sets);
  tcase_add_test(good, test_memory);
  tcase_add_test(good, test_fits);
  tcase_add_test(good, test_text);
  tcase_add_test(good, test_bad_text);
  tcase_add_test(good, test_text_survives_json);

  TCase *bad = suite_case(suite, "bad", setup, teardown);
  tcase_set_timeout(bad, 60);
  tcase_add_loop_test(bad, test_bad_descriptions, 0, sizeof descriptions / sizeof *descriptions);
  tcase_add_loop_test(bad, test_malformed_json, 0, sizeof malformed / sizeof *malformed);
  tcase_add_test(bad, test_no_description);
  tcase_add_loop_test(bad, test_bad_arrays, 0, sizeof arrays / sizeof *arrays);
  tcase_add_test(bad, test_float_array);
  tcase_add_test(bad, test_damaged_descriptions);

  return suite_run(suite);
}

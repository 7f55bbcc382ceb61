/* PyTorch's and NumPy's files of tensors, right, wrong and damaged: runtime/pt.c, npz.c, pickle.c, archive.c. */
#include "runtime/npz.h"
#include "shared.h"

#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SKIPPED = 77, PATH = 4096 };

static void path_of(char out[PATH], const char *file) {
  const char *top = getenv("top_srcdir");
  snprintf(out, PATH, "%s/tests/pt/%s", top ? top : ".", file);
}

static uint64_t fnv(const void *data, size_t length) {
  const unsigned char *bytes = data;
  uint64_t value = 0xcbf29ce484222325;
  for (size_t i = 0; i < length; i++) value = (value ^ bytes[i]) * 0x100000001b3;
  return value;
}

static size_t bytes_of(const struct tensor_entry *entry) {
  return (size_t)entry->shape.count * stored_dtype_bytes(entry->dtype);
}

/* "NAME DTYPE SHAPE HASH", as tests/pt/make.py writes it. */
static void describe(const struct tensor_entry *entry, char *out, size_t size) {
  char shape[SHAPE_TEXT];
  snprintf(out, size, "%s %s %s %016" PRIx64, entry->name, stored_dtype_name(entry->dtype),
           shape_text(&entry->shape, shape), fnv(entry->data, bytes_of(entry)));
}

/* ---- Files and what is in them ---- */

struct lines {
  FILE *stream;
  char *folder;            /* of the files */
  struct tensor_file file; /* the present one */
  char name[1024];
  int seen; /* tensors of it */
};

static void finish_file(struct lines *l) {
  ck_assert_msg(l->seen == l->file.count, "%s: %d tensors, %d expected", l->name, l->file.count, l->seen);
  tensor_file_close(&l->file);
  l->seen = 0;
}

static void check_refused(const char *path, const char *message) {
  struct tensor_file file;
  struct hrm_error error = {0};
  ck_assert_msg(!tensor_file_open(&file, path, &error), "%s was read", path);
  ck_assert_int_eq(error.code, HRM_INPUT);
  ck_assert_msg(strncmp(error.text, path, strlen(path)) == 0, "the message does not name %s: %s", path, error.text);
  ck_assert_msg(strstr(error.text, message) != NULL, "%s, not %s", error.text, message);
}

static void check_line(struct lines *l, char *line) {
  char path[PATH], *rest = strchr(line, ' '), ours[512];
  struct hrm_error error;
  *rest++ = 0;
  snprintf(path, sizeof path, "%s/%s", l->folder, line);
  if (strncmp(rest, "! ", 2) == 0) return check_refused(path, rest + 2);
  if (strcmp(line, l->name) != 0) {
    finish_file(l);
    snprintf(l->name, sizeof l->name, "%s", line);
    ck_assert_msg(tensor_file_open(&l->file, path, &error), "%s", error.text);
  }
  ck_assert_msg(l->seen < l->file.count, "%s: only %d tensors", line, l->seen);
  describe(&l->file.entries[l->seen++], ours, sizeof ours);
  ck_assert_msg(strcmp(ours, rest) == 0, "%s: %s, not %s", line, ours, rest);
}

static int check_lines(const char *list, char *folder) {
  char path[PATH], line[1024];
  int count = 0;
  struct lines l = {.folder = folder};
  path_of(path, list);
  l.stream = fopen(path, "r");
  ck_assert_msg(l.stream != NULL, "no %s", path);
  for (; fgets(line, sizeof line, l.stream); count++) {
    line[strcspn(line, "\n")] = 0;
    check_line(&l, line);
  }
  finish_file(&l);
  fclose(l.stream);
  return count;
}

START_TEST(own_files) {
  char folder[PATH];
  path_of(folder, "");
  ck_assert_int_gt(check_lines("expected.txt", folder), 150);
}
END_TEST

/* ---- Damage ---- */

static unsigned char *read_all(const char *name, size_t *length) {
  char path[PATH];
  path_of(path, name);
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "no %s", path);
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*length + 1);
  ck_assert_uint_eq(fread(bytes, 1, *length, file), *length);
  fclose(file);
  return bytes;
}

/* Every element is read, so that a sanitizer sees what is out of bounds. */
static bool parses(const unsigned char *bytes, size_t length) {
  struct tensor_file file;
  struct hrm_error error = {0};
  char text[2048];
  if (!tensor_file_parse(&file, bytes, length, "x", &error)) {
    ck_assert_msg(error.code == HRM_INPUT && error.text[0], "%d: %s", error.code, error.text);
    return false;
  }
  for (int i = 0; i < file.count; i++) describe(&file.entries[i], text, sizeof text);
  tensor_file_close(&file);
  return true;
}

static const char *const samples[] = {"views_zip.pt", "views_legacy.pt", "training_legacy.pt", "protocol4.pt",
                                      "deflated.pt",  "plain.npz",       "compressed.npz"};
enum { SAMPLES = sizeof samples / sizeof *samples };

START_TEST(cut_short) {
  size_t length;
  unsigned char *bytes = read_all(samples[_i], &length);
  ck_assert(parses(bytes, length));
  for (size_t cut = 0; cut < length; cut++) {
    unsigned char *copy = malloc(cut + 1);
    memcpy(copy, bytes, cut);
    ck_assert_msg(!parses(copy, cut), "%s cut at %zu", samples[_i], cut);
    free(copy);
  }
  free(bytes);
}
END_TEST

START_TEST(changed) {
  size_t length;
  unsigned char *bytes = read_all(samples[_i], &length);
  for (size_t i = 0; i < length; i++) {
    for (int change = 1; change < 256; change = change * 4 + 3) {
      bytes[i] ^= (unsigned char)change;
      parses(bytes, length);
      bytes[i] ^= (unsigned char)change;
    }
  }
  free(bytes);
}
END_TEST

/* ---- Half precision ---- */

/* Every half is a float32 of the same value, by the definition of the format. */
START_TEST(halves) {
  static uint16_t bits[1 << 16];
  static float out[1 << 16];
  for (int i = 0; i < 1 << 16; i++) bits[i] = (uint16_t)i;
  struct tensor_entry entry = {"h", STORED_F16, shape_vector(1 << 16), bits};
  ck_assert(tensor_entry_floats(&entry, out));
  for (int i = 0; i < 1 << 16; i++) {
    int exponent = i >> 10 & 31, fraction = i & 1023;
    double sign = i >> 15 ? -1 : 1, value = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    if (exponent == 31)
      ck_assert_msg(fraction ? isnan(out[i]) : (double)out[i] == sign * INFINITY, "%04x: %g", i, (double)out[i]);
    else
      ck_assert_msg((double)out[i] == sign * value && (signbit(out[i]) != 0) == i >> 15, "%04x: %g", i,
                    (double)out[i]);
  }
}
END_TEST

START_TEST(brain_halves) {
  static uint16_t bits[1 << 16];
  static float out[1 << 16];
  for (int i = 0; i < 1 << 16; i++) bits[i] = (uint16_t)i;
  struct tensor_entry entry = {"b", STORED_BF16, shape_vector(1 << 16), bits};
  ck_assert(tensor_entry_floats(&entry, out));
  for (int i = 0; i < 1 << 16; i++) {
    uint32_t wide;
    memcpy(&wide, &out[i], sizeof wide);
    ck_assert_uint_eq(wide, (uint32_t)i << 16);
  }
}
END_TEST

/* ---- Writing .npz ---- */

START_TEST(npz_round_trip) {
  static const float floats[] = {1, -2.5f, INFINITY, 3e-9f, 0, 6};
  static const double doubles[] = {0.1};
  static const uint8_t truths[] = {1, 0};
  struct tensor_entry entries[] = {
      {"a.weight", STORED_F32, {.rank = 2, .size = {2, 3}, .count = 6}, floats},
      {"scalar", STORED_F64, {.rank = 0, .count = 1}, doubles},
      {"truth", STORED_BOOL, shape_vector(2), truths},
      {"empty", STORED_F32, {.rank = 2, .size = {0, 5}}, NULL},
  };
  char folder[] = "/tmp/check_pt_XXXXXX", path[sizeof folder + 8], theirs[256], ours[256];
  struct tensor_file file;
  struct hrm_error error;
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/x.npz", folder);
  ck_assert_msg(npz_write(path, entries, 4, &error), "%s", error.text);
  ck_assert_msg(tensor_file_open(&file, path, &error), "%s", error.text);
  ck_assert_int_eq(file.count, 4);
  for (int i = 0; i < 4; i++) {
    describe(&entries[i], ours, sizeof ours);
    describe(&file.entries[i], theirs, sizeof theirs);
    ck_assert_str_eq(ours, theirs);
  }
  tensor_file_close(&file);
  entries[1].name = "truth";
  ck_assert(!npz_write(path, entries, 4, &error));
  entries[0].dtype = STORED_BF16;
  ck_assert(!npz_write(path, entries, 1, &error));
  ck_assert_int_eq(error.code, HRM_LIMITATION);
  ck_assert_str_eq(error.text, "'a.weight': NumPy has no type BF16");
  unlink(path);
  ck_assert_msg(rmdir(folder) == 0, "%s is not empty", folder);
}
END_TEST

/* ---- Files of others ---- */

START_TEST(conformance) {
  char folder[PATH], path[PATH + 64];
  ck_assert(shared_path(folder, sizeof folder, "data/conformance/burn"));
  ck_assert_int_gt(check_lines("conformance.txt", folder), 130);
  snprintf(path, sizeof path, "%s/broken.pt", folder);
  check_refused(path, "cut short or empty; not a checkpoint");
}
END_TEST

static const struct {
  const char *name, *message;
} objects[] = {
    {"py2-np0-objarr.npy", "not a checkpoint"},
    {"py2-objarr.npy", "not a checkpoint"},
    {"py3-objarr.npy", "not a checkpoint"},
    {"py2-objarr.npz", "x.npy: arrays of Python objects are not supported"},
    {"py3-objarr.npz", "x.npy: arrays of Python objects are not supported"},
};

START_TEST(object_arrays) {
  char path[PATH], name[64];
  snprintf(name, sizeof name, "data/conformance/numpy/%s", objects[_i].name);
  ck_assert(shared_path(path, sizeof path, name));
  check_refused(path, objects[_i].message);
}
END_TEST

START_TEST(published) {
  char path[PATH], weights[PATH];
  struct tensor_file pt, safetensors;
  struct hrm_error error;
  const char *prefix = "_orig_mod.model.inner.";
  ck_assert(shared_path(path, sizeof path, "fixtures/hrm-tiny-stablemax/step_0.pt"));
  ck_assert(shared_path(weights, sizeof weights, "fixtures/hrm-tiny-stablemax/weights.safetensors"));
  ck_assert_msg(tensor_file_open(&pt, path, &error), "%s", error.text);
  ck_assert_msg(tensor_file_open(&safetensors, weights, &error), "%s", error.text);
  ck_assert_int_eq(pt.count, safetensors.count);
  for (int i = 0; i < pt.count; i++) {
    const struct tensor_entry *ours = &pt.entries[i];
    ck_assert_int_eq(strncmp(ours->name, prefix, strlen(prefix)), 0);
    const struct tensor_entry *theirs = tensor_file_find(&safetensors, ours->name + strlen(prefix));
    ck_assert_msg(theirs && shape_equal(&ours->shape, &theirs->shape), "%s", ours->name);
    ck_assert(ours->dtype == theirs->dtype && memcmp(ours->data, theirs->data, bytes_of(ours)) == 0);
  }
  tensor_file_close(&pt);
  tensor_file_close(&safetensors);
}
END_TEST

int main(void) {
  char folder[PATH];
  Suite *suite = suite_create("pt");
  TCase *tests = tcase_create("files"), *shared = tcase_create("files of others");
  tcase_set_timeout(tests, 120); /* a busy machine */
  tcase_add_test(tests, own_files);
  tcase_add_loop_test(tests, cut_short, 0, SAMPLES);
  tcase_add_loop_test(tests, changed, 0, SAMPLES);
  tcase_add_test(tests, halves);
  tcase_add_test(tests, brain_halves);
  tcase_add_test(tests, npz_round_trip);
  suite_add_tcase(suite, tests);
  tcase_add_test(shared, conformance);
  tcase_add_loop_test(shared, object_arrays, 0, sizeof objects / sizeof *objects);
  tcase_add_test(shared, published);
  suite_add_tcase(suite, shared);
  SRunner *runner = srunner_create(suite);
  bool others =
      shared_path(folder, sizeof folder, "data/conformance") && shared_path(folder, sizeof folder, "fixtures");
  if (!others) printf("skipped: the files of others are not at %s (HRM_SHARED names the folder)\n", folder);
  srunner_run(runner, NULL, others ? NULL : "files", CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? 1 : others ? 0 : SKIPPED;
}

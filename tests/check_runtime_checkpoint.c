/* Files of tensors, whole and damaged: runtime/safetensors.c, tensor_file.c. */
#include "runtime/safetensors.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/check_runtime_XXXXXX";
static char path[sizeof folder + 20];

static void setup(void) {
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/x.safetensors", folder);
}

static void teardown(void) {
  unlink(path);
  rmdir(folder);
}

static struct shape shape2(int64_t rows, int64_t columns) {
  return (struct shape){.rank = 2, .size = {rows, columns}, .count = rows * columns};
}

static void write_example(void) {
  static const float floats[] = {1, -2.5f, 3e-9f, INFINITY, 0, 6};
  static const int32_t integers[] = {-100, 7};
  static const double doubles[] = {1.0 / 3};
  struct tensor_entry entries[] = {{"b.bias", STORED_I32, shape_vector(2), integers},
                                   {"a.weight", STORED_F32, shape2(2, 3), floats},
                                   {"metrics", STORED_F64, shape_vector(1), doubles},
                                   {"empty", STORED_F32, shape2(0, 5), NULL}};
  struct hrm_error error;
  json_t *metadata = json_pack("{s:s}", "step", "12");
  ck_assert_msg(safetensors_write(path, entries, 4, metadata, &error), "%s", error.text);
  json_decref(metadata);
}

START_TEST(test_round_trip) {
  struct tensor_file file;
  struct hrm_error error;
  float floats[6];
  write_example();
  ck_assert_msg(tensor_file_open(&file, path, &error), "%s", error.text);
  ck_assert_int_eq(file.count, 4);
  ck_assert_str_eq(tensor_file_text(&file, "step"), "12");
  const struct tensor_entry *weight = tensor_file_find(&file, "a.weight"), *bias = tensor_file_find(&file, "b.bias");
  ck_assert(weight->shape.rank == 2 && weight->shape.size[0] == 2 && weight->shape.size[1] == 3);
  ck_assert(tensor_entry_floats(weight, floats));
  ck_assert(floats[1] == -2.5f && isinf(floats[3]) && floats[5] == 6);
  ck_assert(!tensor_entry_floats(bias, floats));
  ck_assert_int_eq(((const int32_t *)bias->data)[1], 7);
  ck_assert_int_eq((uintptr_t)tensor_file_find(&file, "metrics")->data % 64, 0);
  ck_assert_ptr_null(tensor_file_find(&file, "a"));
  tensor_file_close(&file);
}
END_TEST

START_TEST(test_duplicate_names) {
  static const int32_t one[] = {1};
  struct tensor_entry entries[] = {{"x", STORED_I32, shape_vector(1), one}, {"x", STORED_I32, shape_vector(1), one}};
  struct hrm_error error;
  json_t *metadata = json_object();
  ck_assert(!safetensors_write(path, entries, 2, metadata, &error));
  ck_assert_int_eq(error.code, HRM_LIMITATION);
  ck_assert_str_eq(error.text, "two tensors of a checkpoint would be called 'x'");
  json_decref(metadata);
}
END_TEST

START_TEST(test_conversions) {
  static const uint16_t half[] = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x8400, 0x3555};
  static const uint16_t brain[] = {0x3f80, 0xc000, 0x7f80};
  static const double wide[] = {0.5, -1e-3};
  float out[6];
  struct tensor_entry f16 = {"h", STORED_F16, shape_vector(6), half},
                      bf16 = {"b", STORED_BF16, shape_vector(3), brain};
  struct tensor_entry f64 = {"d", STORED_F64, shape_vector(2), wide};
  ck_assert(tensor_entry_floats(&f16, out));
  ck_assert(out[0] == 1 && out[1] == -2 && out[2] == 0x1p-24f && isinf(out[3]) && out[4] == -0x1p-14f);
  ck_assert_float_eq_tol(out[5], 1.0f / 3, 1e-4);
  ck_assert(tensor_entry_floats(&bf16, out));
  ck_assert(out[0] == 1 && out[1] == -2 && isinf(out[2]));
  ck_assert(tensor_entry_floats(&f64, out));
  ck_assert(out[0] == 0.5f && out[1] == -1e-3f);
}
END_TEST

static bool parse(const void *bytes, size_t length, struct hrm_error *error) {
  struct tensor_file file = {0};
  bool parsed = safetensors_parse(&file, bytes, length, "x", error);
  tensor_file_close(&file);
  return parsed;
}

static bool parse_header(const char *header, size_t data, struct hrm_error *error) {
  size_t length = 8 + strlen(header) + data;
  unsigned char *bytes = calloc(1, length);
  for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(strlen(header) >> 8 * i);
  memcpy(bytes + 8, header, strlen(header));
  bool parsed = parse(bytes, length, error);
  free(bytes);
  return parsed;
}

/* HEADER, bytes of data, part of the message; NULL where it is right. */
static const struct {
  const char *header;
  size_t data;
  const char *message;
} headers[] = {
    {"{}", 0, NULL},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, NULL},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,8]}}", 8, NULL},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7,
     "cut short: tensor 'x' needs bytes up to 8"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 8, "do not fit its shape"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1152921504606846976],\"data_offsets\":[0,8]}}", 8,
     "shape is missing or impossible"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 8,
     "shape is missing or impossible"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[0,4294967296,4294967296],\"data_offsets\":[0,0]}}", 8, "shape is missing"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "shape is missing or impossible"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 8,
     "shape is missing or impossible"},
    {"{\"x\":{\"dtype\":\"C64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "dtype is missing or not supported"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,4]}}", 8, "wrong data_offsets"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 8, "wrong data_offsets"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1]}}", 8, "wrong data_offsets"},
    {"{\"x\":7}", 8, "dtype is missing"},
    {"{\"x\":{},\"x\":{}}", 8, "no JSON object"},
    {"{\"x\"", 8, "no JSON object"},
    {"[]", 8, "not a safetensors file"},
};

START_TEST(test_headers) {
  struct hrm_error error = {0};
  bool parsed = parse_header(headers[_i].header, headers[_i].data, &error);
  ck_assert_msg(parsed == (headers[_i].message == NULL), "%s: %s", headers[_i].header, error.text);
  if (parsed) return;
  ck_assert_int_eq(error.code, HRM_INPUT);
  ck_assert_msg(strstr(error.text, headers[_i].message) != NULL, "%s: %s", headers[_i].header, error.text);
}
END_TEST

static unsigned char *read_all(size_t *length) {
  FILE *file = fopen(path, "rb");
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*length);
  ck_assert_uint_eq(fread(bytes, 1, *length, file), *length);
  fclose(file);
  return bytes;
}

/* Every length is refused, as tensors lie up to the end. The copy is as long as the file, so that a sanitizer sees
 * more. */
START_TEST(test_truncated) {
  size_t length;
  write_example();
  unsigned char *bytes = read_all(&length);
  for (size_t cut = 0; cut < length; cut++) {
    struct hrm_error error;
    unsigned char *copy = malloc(cut + 1);
    memcpy(copy, bytes, cut);
    ck_assert_msg(!parse(copy, cut, &error), "cut at %zu", cut);
    free(copy);
  }
  free(bytes);
}
END_TEST

/* Any byte changed: refused or read, but within bounds. */
START_TEST(test_damaged) {
  size_t length;
  write_example();
  unsigned char *bytes = read_all(&length);
  for (size_t i = 0; i < length; i++) {
    for (int change = 1; change < 256; change = change * 2 + 1) {
      struct hrm_error error;
      struct tensor_file file = {0};
      bytes[i] ^= (unsigned char)change;
      if (safetensors_parse(&file, bytes, length, "x", &error)) {
        for (int k = 0; k < file.count; k++) {
          const unsigned char *data = file.entries[k].data;
          size_t size = (size_t)file.entries[k].shape.count * stored_dtype_bytes(file.entries[k].dtype);
          ck_assert(data >= bytes && data + size <= bytes + length);
        }
      }
      tensor_file_close(&file);
      bytes[i] ^= (unsigned char)change;
    }
  }
  free(bytes);
}
END_TEST

START_TEST(test_no_file) {
  struct tensor_file file;
  struct hrm_error error;
  ck_assert(!tensor_file_open(&file, path, &error));
  ck_assert_int_eq(error.code, HRM_INPUT);
  ck_assert_msg(strstr(error.text, "No such file") != NULL, "%s", error.text);
  ck_assert(!tensor_file_open(&file, folder, &error));
  ck_assert_msg(strstr(error.text, "not a file") != NULL, "%s", error.text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("runtime checkpoint");
  TCase *tests = suite_case(suite, "files", setup, teardown);
  tcase_set_timeout(tests, 120); /* a busy machine */
  tcase_add_test(tests, test_round_trip);
  tcase_add_test(tests, test_duplicate_names);
  tcase_add_test(tests, test_conversions);
  tcase_add_loop_test(tests, test_headers, 0, sizeof headers / sizeof *headers);
  tcase_add_test(tests, test_truncated);
  tcase_add_test(tests, test_damaged);
  tcase_add_test(tests, test_no_file);
  return suite_run(suite);
}

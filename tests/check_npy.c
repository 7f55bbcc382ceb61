#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/npy.h"
#include "runtime/random.h"
#include "shared.h"
#include "tests/suite.h"

static char folder[] = "/tmp/check_npy.XXXXXX";
static struct hrm_error error;

static void setup(void) {
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  error = (struct hrm_error){0};
}

static void teardown(void) {
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", folder);
  ck_assert_int_eq(system(command), 0);
}

static const char *inside(const char *name) {
  static char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* ---- Headers, in memory ---- */

struct image {
  unsigned char bytes[512];
  size_t length;
};

/* A file of version 1 with this dictionary and so many bytes of data: 1, 2, 3, … */
static struct image image_of(const char *dictionary, size_t data) {
  struct image image = {.length = 10 + strlen(dictionary) + data};
  ck_assert_uint_le(image.length, sizeof image.bytes);
  memcpy(image.bytes, "\x93NUMPY\1\0", 8);
  image.bytes[8] = (unsigned char)strlen(dictionary);
  image.bytes[9] = (unsigned char)(strlen(dictionary) >> 8);
  memcpy(image.bytes + 10, dictionary, strlen(dictionary));
  for (size_t i = 0; i < data; i++) image.bytes[10 + strlen(dictionary) + i] = (unsigned char)(i + 1);
  return image;
}

static bool parse(const struct image *image, struct npy_array *array) {
  return npy_parse(array, image->bytes, image->length, "a.npy", &error);
}

static const struct {
  const char *dictionary;
  size_t data;
  enum npy_type type;
  int rank;
  int64_t count, last;
} good[] = {
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }      \n", 6, NPY_U8, 2, 6, 6},
    {"{'descr': '<u1', 'fortran_order': False, 'shape': (3,), }", 3, NPY_U8, 1, 3, 3},
    {"{'descr': '>i1', 'fortran_order': False, 'shape': (3,)}", 3, NPY_I8, 1, 3, 3},
    {"{\"shape\": (2,), \"descr\": \"<i2\", \"fortran_order\": False}", 4, NPY_I16, 1, 2, 0x0403},
    {"{'descr':'<u2','fortran_order':False,'shape':(2,)}", 4, NPY_U16, 1, 2, 0x0403},
    {"{'descr': '<i4', 'fortran_order': False, 'shape': (1L,), }", 4, NPY_I32, 1, 1, 0x04030201},
    {"{'descr': '<u4', 'fortran_order': False, 'shape': (), }", 4, NPY_U32, 0, 1, 0x04030201},
    {"{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }", 8, NPY_I64, 2, 1, 0x0807060504030201},
    {"{'descr': '|u1', 'fortran_order': True, 'shape': (3,), }", 3, NPY_U8, 1, 3, 3},
    {"{'descr': '<i8', 'fortran_order': False, 'shape': (0, 1152921504606846976), }", 0, NPY_I64, 2, 0, -1},
};

START_TEST(test_good_headers) {
  struct image image = image_of(good[_i].dictionary, good[_i].data);
  struct npy_array array;
  ck_assert_msg(parse(&image, &array), "%s", error.text);
  ck_assert_int_eq(array.type, good[_i].type);
  ck_assert_int_eq(array.rank, good[_i].rank);
  ck_assert_int_eq(array.count, good[_i].count);
  if (array.count) ck_assert_int_eq(npy_integer(&array, array.count - 1), good[_i].last);
}
END_TEST

#define MALFORMED "a.npy: malformed .npy header: "
#define TOO_SHORT(bytes) "a.npy: cut short: the header promises more elements than the " bytes " bytes of data hold"
#define NO_TYPE(descr)                                                                                               \
  "a.npy: elements of type '" descr "' are not supported; integers of 8 to 64 bits are (np.asarray(a, "              \
  "dtype=np.int32)), and floats of 16 to 64"

static const struct {
  const char *dictionary;
  size_t data;
  const char *message;
} bad[] = {
    {"{'descr': '<i4', 'fortran_order': True, 'shape': (2, 1), }", 8,
     "a.npy: Fortran order is not supported; save np.ascontiguousarray(a)"},
    {"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 8,
     "a.npy: arrays of Python objects are not supported"},
    {"{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }", 8,
     "a.npy: big-endian arrays ('>i4') are not supported"},
    {"{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }", 8,
     "a.npy: structured arrays are not supported"},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8, NO_TYPE("<c8")},
    {"{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", 8, NO_TYPE("<u8")},
    {"{'descr': '|i4', 'fortran_order': False, 'shape': (1,), }", 4, NO_TYPE("|i4")},
    {"{'descr': '', 'fortran_order': False, 'shape': (1,), }", 4, NO_TYPE("")},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", 5, TOO_SHORT("5")},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", 8, "a.npy: 2 bytes follow the last element"},
    {"{'descr': '<i8', 'fortran_order': False, 'shape': (1152921504606846976,), }", 8, TOO_SHORT("8")},
    {"{'descr': '<i8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 8, TOO_SHORT("8")},
    {"{'descr': '<i8', 'fortran_order': False, 'shape': (9223372036854775807,), }", 8, TOO_SHORT("8")},
    {"{'descr': '<i8', 'fortran_order': False, 'shape': (9223372036854775808,), }", 8,
     MALFORMED "a size in the shape is too large"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }", 1,
     MALFORMED "a size in the shape is not a number"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 1, MALFORMED "more than 8 axes"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': 1, }", 1, MALFORMED "the shape is not a tuple"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,", 1, MALFORMED "a size in the shape is not a number"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1 1), }", 1, MALFORMED "the shape does not end"},
    {"{'descr': '|u1', 'fortran_order': 0, 'shape': (1,), }", 1, MALFORMED "fortran_order is neither True nor False"},
    {"{'descr': '|u1', 'fortran_order': False, }", 1, MALFORMED "descr, fortran_order or shape is missing"},
    {"{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", 1,
     MALFORMED "a key is unknown or stands twice"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': 1}", 1,
     MALFORMED "a key is unknown or stands twice"},
    {"{'descr': '|u1, 'fortran_order': False, 'shape': (1,), }", 1, NO_TYPE("|u1, ")},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,) x}", 1, MALFORMED "it does not end"},
    {"{'descr' '|u1'}", 1, MALFORMED "a colon is missing"},
    {"{'descr': '|u1", 1, MALFORMED "a string does not end"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,), } x", 1, MALFORMED "something follows the dictionary"},
    {"[]", 1, MALFORMED "it is not a dictionary"},
    {"", 1, MALFORMED "it is not a dictionary"},
};

START_TEST(test_bad_headers) {
  struct image image = image_of(bad[_i].dictionary, bad[_i].data);
  struct npy_array array;
  ck_assert_msg(!parse(&image, &array), "%s", bad[_i].dictionary);
  ck_assert_str_eq(error.text, bad[_i].message);
  ck_assert_int_eq(error.code, HRM_INPUT);
}
END_TEST

/* Every prefix of a good file is refused, and none is read beyond its end (the sanitizers watch the heap). */
START_TEST(test_every_prefix_is_refused) {
  struct image image = image_of(good[0].dictionary, good[0].data);
  for (size_t length = 0; length < image.length; length++) {
    unsigned char *bytes = malloc(length + 1);
    memcpy(bytes, image.bytes, length);
    struct npy_array array;
    ck_assert(!npy_parse(&array, bytes, length, "a.npy", &error));
    free(bytes);
  }
}
END_TEST

/* Random damage to the header is refused or read within bounds; it never crashes (the sanitizers watch). */
START_TEST(test_damaged_headers) {
  for (uint64_t round = 0; round < 20000; round++) {
    struct random_stream random = stream_named((uint64_t)_i, "damage", round);
    struct image image = image_of(good[_i].dictionary, good[_i].data);
    for (uint64_t i = 0; i < 1 + round % 3; i++)
      image.bytes[stream_below(random, 2 * i, (int64_t)image.length)] = (unsigned char)stream_bits(random, 2 * i + 1);
    unsigned char *bytes = malloc(image.length);
    memcpy(bytes, image.bytes, image.length);
    struct npy_array array;
    int64_t smallest, largest;
    bool ok = npy_parse(&array, bytes, image.length, "a.npy", &error);
    if (ok && npy_is_integer(array.type)) npy_range(&array, &smallest, &largest);
    free(bytes);
  }
}
END_TEST

START_TEST(test_versions) {
  struct image one = image_of(good[0].dictionary, good[0].data), other = one;
  struct npy_array array;
  memmove(other.bytes + 12, one.bytes + 10, one.length - 10);
  other.bytes[10] = other.bytes[11] = 0;
  other.length += 2;
  for (unsigned char version = 2; version <= 3; version++) {
    other.bytes[6] = version;
    ck_assert_msg(parse(&other, &array), "%s", error.text);
    ck_assert_int_eq(npy_integer(&array, 5), 6);
  }
  other.bytes[6] = 4;
  ck_assert(!parse(&other, &array));
  ck_assert_str_eq(error.text, "a.npy: .npy version 4.0 is not supported");
  other.bytes[6] = 2;
  other.bytes[11] = 0xff;
  ck_assert(!parse(&other, &array));
  ck_assert_str_eq(error.text, "a.npy: cut short within the header");
}
END_TEST

static const char *const object_arrays[] = {"py2-objarr.npy", "py3-objarr.npy", "py2-np0-objarr.npy"};

/* Files that NumPy's own tests use. */
START_TEST(test_object_arrays) {
  char name[64], path[1024], message[1100];
  struct npy_array array;
  snprintf(name, sizeof name, "data/conformance/numpy/%s", object_arrays[_i]);
  if (!shared_path(path, sizeof path, name)) return;
  ck_assert(!npy_open(&array, path, &error));
  snprintf(message, sizeof message, "%s: arrays of Python objects are not supported", path);
  ck_assert_str_eq(error.text, message);
}
END_TEST

/* ---- Files ---- */

START_TEST(test_round_trip) {
  const int32_t rows[] = {1, -2, 3, 4, 5, 2000000000};
  ck_assert(npy_write(inside("a.npy"), NPY_I32, 2, (const int64_t[]){3, 2}, rows, &error));
  struct npy_array array;
  ck_assert_msg(npy_open(&array, inside("a.npy"), &error), "%s", error.text);
  ck_assert_int_eq(array.shape[0], 3);
  ck_assert_int_eq(array.shape[1], 2);
  int32_t copy[4];
  npy_copy_i32(&array, 1, 4, copy);
  ck_assert_mem_eq(copy, rows + 1, sizeof copy);
  int64_t smallest, largest;
  npy_range(&array, &smallest, &largest);
  ck_assert_int_eq(smallest, -2);
  ck_assert_int_eq(largest, 2000000000);
  npy_close(&array);
  npy_close(&array);
}
END_TEST

START_TEST(test_streamed_rows) {
  struct npy_writer writer;
  ck_assert(npy_create(&writer, inside("s.npy"), NPY_U8, 2, (const int64_t[]){0, 3}, &error));
  for (int i = 0; i < 1000; i++)
    ck_assert(npy_append(&writer, (const uint8_t[]){(uint8_t)i, 1, 2, (uint8_t)i, 4, 5}, 2, &error));
  ck_assert_int_ne(access(inside("s.npy"), F_OK), 0);
  ck_assert(npy_finish(&writer, &error));
  struct npy_array array;
  ck_assert_msg(npy_open(&array, inside("s.npy"), &error), "%s", error.text);
  ck_assert_int_eq(array.shape[0], 2000);
  ck_assert_int_eq(npy_integer(&array, 3 * 999 + 0), 999 / 2 % 256);
  ck_assert_int_eq((uintptr_t)array.data % 64, 0);
  npy_close(&array);
}
END_TEST

START_TEST(test_missing_and_strange_files) {
  struct npy_array array;
  char message[200];
  ck_assert(!npy_open(&array, inside("none.npy"), &error));
  snprintf(message, sizeof message, "%s: No such file or directory", inside("none.npy"));
  ck_assert_str_eq(error.text, message);
  ck_assert(!npy_open(&array, folder, &error));
  snprintf(message, sizeof message, "%s: not a regular file", folder);
  ck_assert_str_eq(error.text, message);
  ck_assert(atomic_write_file(inside("empty.npy"), "", 0, &error));
  ck_assert(!npy_open(&array, inside("empty.npy"), &error));
  snprintf(message, sizeof message, "%s: not a .npy file: it is empty", inside("empty.npy"));
  ck_assert_str_eq(error.text, message);
}
END_TEST

/* A header that claims 2^60 elements must not allocate: there is no memory to be had here. */
START_TEST(test_large_claims_do_not_allocate) {
  struct image image = image_of("{'descr': '|u1', 'fortran_order': False, 'shape': (1152921504606846976,), }", 8);
  ck_assert(atomic_write_file(inside("large.npy"), image.bytes, image.length, &error));
  struct npy_array array;
  ck_assert(!npy_open(&array, inside("large.npy"), &error));
  ck_assert_ptr_null(array.mapping);
  ck_assert_ptr_nonnull(strstr(error.text, "cut short"));
}
END_TEST

/* ---- Files that appear whole or not at all ---- */

static int entries(void) {
  char command[96];
  snprintf(command, sizeof command, "exit $(ls -A %s | wc -l)", folder);
  return WEXITSTATUS(system(command));
}

START_TEST(test_abandoned_files_leave_nothing) {
  struct npy_writer writer;
  ck_assert(npy_create(&writer, inside("a.npy"), NPY_U8, 1, (const int64_t[]){0}, &error));
  ck_assert_int_eq(entries(), 1);
  npy_abandon(&writer);
  npy_abandon(&writer);
  ck_assert_int_eq(entries(), 0);
}
END_TEST

/* A limit on the size of files stands in for a full disk: the write fails midway. */
START_TEST(test_failed_write_keeps_what_was_there) {
  ck_assert(atomic_write_file(inside("a"), "old", 3, &error));
  struct rlimit limit = {4096, RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  static char large[1 << 16];
  ck_assert(!atomic_write_file(inside("a"), large, sizeof large, &error));
  char message[200];
  snprintf(message, sizeof message, "%s: cannot write: File too large", inside("a"));
  ck_assert_str_eq(error.text, message);
  ck_assert_int_eq(error.code, HRM_SYSTEM);
  ck_assert_int_eq(entries(), 1);
  struct stat status;
  ck_assert_int_eq(stat(inside("a"), &status), 0);
  ck_assert_int_eq(status.st_size, 3);
}
END_TEST

START_TEST(test_unwritable_folder) {
  ck_assert(!atomic_write_file(inside("none/a"), "x", 1, &error));
  char message[200];
  snprintf(message, sizeof message, "%s: cannot create: No such file or directory", inside("none/a"));
  ck_assert_str_eq(error.text, message);
  ck_assert_int_eq(error.code, HRM_SYSTEM);
}
END_TEST

START_TEST(test_links_are_followed) {
  ck_assert(atomic_write_file(inside("a"), "old", 3, &error));
  ck_assert_int_eq(symlink("a", inside("link")), 0);
  ck_assert(atomic_write_file(inside("link"), "newer", 5, &error));
  struct stat status;
  ck_assert_int_eq(lstat(inside("link"), &status), 0);
  ck_assert(S_ISLNK(status.st_mode));
  ck_assert_int_eq(stat(inside("a"), &status), 0);
  ck_assert_int_eq(status.st_size, 5);
}
END_TEST

START_TEST(test_a_pipe_keeps_its_place) {
  ck_assert_int_eq(mkfifo(inside("pipe"), 0600), 0);
  int reader = open(inside("pipe"), O_RDONLY | O_NONBLOCK);
  ck_assert(atomic_write_file(inside("pipe"), "bytes", 5, &error));
  char bytes[8];
  ck_assert_int_eq(read(reader, bytes, sizeof bytes), 5);
  struct stat status;
  ck_assert_int_eq(lstat(inside("pipe"), &status), 0);
  ck_assert(S_ISFIFO(status.st_mode));
  ck_assert_int_eq(entries(), 1);
  close(reader);
}
END_TEST

START_TEST(test_permissions_are_the_usual_ones) {
  mode_t mask = umask(027);
  ck_assert(atomic_write_file(inside("a"), "x", 1, &error));
  umask(mask);
  struct stat status;
  ck_assert_int_eq(stat(inside("a"), &status), 0);
  ck_assert_int_eq(status.st_mode & 0777, 0640);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("npy");
  TCase *header = suite_case(suite, "header", NULL, NULL);
  tcase_add_loop_test(header, test_good_headers, 0, sizeof good / sizeof *good);
  tcase_add_loop_test(header, test_bad_headers, 0, sizeof bad / sizeof *bad);
  tcase_add_test(header, test_every_prefix_is_refused);
  tcase_add_loop_test(header, test_damaged_headers, 0, sizeof good / sizeof *good);
  tcase_add_test(header, test_versions);
  tcase_add_loop_test(header, test_object_arrays, 0, sizeof object_arrays / sizeof *object_arrays);

  TCase *file = suite_case(suite, "file", setup, teardown);
  tcase_add_test(file, test_round_trip);
  tcase_add_test(file, test_streamed_rows);
  tcase_add_test(file, test_missing_and_strange_files);
  tcase_add_test(file, test_large_claims_do_not_allocate);
  tcase_add_test(file, test_abandoned_files_leave_nothing);
  tcase_add_test(file, test_failed_write_keeps_what_was_there);
  tcase_add_test(file, test_unwritable_folder);
  tcase_add_test(file, test_links_are_followed);
  tcase_add_test(file, test_a_pipe_keeps_its_place);
  tcase_add_test(file, test_permissions_are_the_usual_ones);

  return suite_run(suite);
}

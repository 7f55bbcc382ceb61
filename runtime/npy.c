#include "runtime/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
  const char *name, *descr;
  size_t bytes;
} types[] = {
#define NPY_DESCRIBE(name, numpy, descr, type) {numpy, descr, sizeof(type)},
    NPY_TYPES(NPY_DESCRIBE)
#undef NPY_DESCRIBE
};

enum { NUM_TYPES = sizeof types / sizeof *types };

size_t npy_type_bytes(enum npy_type type) { return types[type].bytes; }

const char *npy_type_name(enum npy_type type) { return types[type].name; }

const char *npy_type_descr(enum npy_type type) { return types[type].descr; }

bool npy_is_integer(enum npy_type type) { return type < NPY_BOOL; }

/* ---- The header: a Python dictionary with the keys descr, fortran_order and shape ---- */

struct cursor {
  const char *at, *end;
  const char *name; /* of the file */
  struct hrm_error *error;
};

static bool malformed(struct cursor *c, const char *what) {
  return hrm_fail(c->error, HRM_INPUT, "%s: malformed .npy header: %s", c->name, what);
}

static void skip_blanks(struct cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) c->at++;
}

static bool accept(struct cursor *c, char wanted) {
  skip_blanks(c);
  if (c->at == c->end || *c->at != wanted) return false;
  c->at++;
  return true;
}

static bool accept_word(struct cursor *c, const char *word) {
  skip_blanks(c);
  size_t length = strlen(word);
  if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length)) return false;
  c->at += length;
  return true;
}

/* A quoted string without escapes, of at most size - 1 characters. */
static bool read_string(struct cursor *c, char *out, size_t size) {
  char quote = accept(c, '\'') ? '\'' : '"';
  if (quote == '"' && !accept(c, '"')) return malformed(c, "a string is missing");
  const char *close = memchr(c->at, quote, (size_t)(c->end - c->at));
  if (!close || (size_t)(close - c->at) >= size) return malformed(c, "a string does not end");
  size_t length = (size_t)(close - c->at);
  memcpy(out, c->at, length);
  out[length] = 0;
  c->at = close + 1;
  return true;
}

static bool read_size(struct cursor *c, int64_t *size) {
  skip_blanks(c);
  if (c->at == c->end || *c->at < '0' || *c->at > '9') return malformed(c, "a size in the shape is not a number");
  *size = 0;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
    if (__builtin_mul_overflow(*size, 10, size) || __builtin_add_overflow(*size, *c->at - '0', size))
      return malformed(c, "a size in the shape is too large");
  (void)accept(c, 'L'); /* Python 2 wrote long integers so */
  return true;
}

static bool read_shape(struct cursor *c, struct npy_array *array) {
  if (!accept(c, '(')) return malformed(c, "the shape is not a tuple");
  array->rank = 0;
  while (!accept(c, ')')) {
    if (array->rank == NPY_MAX_RANK) return malformed(c, "more than 8 axes");
    if (!read_size(c, &array->shape[array->rank++])) return false;
    if (!accept(c, ',')) return accept(c, ')') || malformed(c, "the shape does not end");
  }
  return true;
}

static bool fail_type(struct cursor *c, const char *descr) {
  return hrm_fail(c->error, HRM_INPUT, "%s: elements of type '%s' are not supported; %s", c->name, descr,
                  "integers of 8 to 64 bits are (np.asarray(a, dtype=np.int32)), and floats of 16 to 64");
}

static bool read_descr(struct cursor *c, struct npy_array *array) {
  char descr[32];
  skip_blanks(c);
  if (c->at < c->end && *c->at == '[')
    return hrm_fail(c->error, HRM_INPUT, "%s: structured arrays are not supported", c->name);
  if (!read_string(c, descr, sizeof descr)) return false;
  if (strchr(descr, 'O'))
    return hrm_fail(c->error, HRM_INPUT, "%s: arrays of Python objects are not supported", c->name);
  if (descr[0] == '>' && strcmp(descr + 1, "u1") && strcmp(descr + 1, "i1"))
    return hrm_fail(c->error, HRM_INPUT, "%s: big-endian arrays ('%s') are not supported", c->name, descr);
  for (int i = 0; i < NUM_TYPES; i++) {
    bool order_matters = types[i].bytes > 1;
    if (strcmp(descr + (descr[0] != 0), types[i].descr + 1) || (order_matters && descr[0] != '<')) continue;
    array->type = (enum npy_type)i;
    return true;
  }
  return fail_type(c, descr);
}

static bool read_order(struct cursor *c, bool *fortran) {
  *fortran = accept_word(c, "True");
  return *fortran || accept_word(c, "False") || malformed(c, "fortran_order is neither True nor False");
}

enum { SEEN_DESCR = 1, SEEN_ORDER = 2, SEEN_SHAPE = 4, SEEN_ALL = 7 };

static bool read_entry(struct cursor *c, struct npy_array *array, bool *fortran, int *seen) {
  char key[32];
  if (!read_string(c, key, sizeof key)) return false;
  if (!accept(c, ':')) return malformed(c, "a colon is missing");
  int which = !strcmp(key, "descr")           ? SEEN_DESCR
              : !strcmp(key, "fortran_order") ? SEEN_ORDER
              : !strcmp(key, "shape")         ? SEEN_SHAPE
                                              : 0;
  if (!which || (*seen & which)) return malformed(c, "a key is unknown or stands twice");
  *seen |= which;
  if (which == SEEN_DESCR) return read_descr(c, array);
  return which == SEEN_ORDER ? read_order(c, fortran) : read_shape(c, array);
}

static bool read_dictionary(struct cursor *c, struct npy_array *array, bool *fortran) {
  int seen = 0;
  if (!accept(c, '{')) return malformed(c, "it is not a dictionary");
  while (!accept(c, '}')) {
    if (!read_entry(c, array, fortran, &seen)) return false;
    if (accept(c, ',')) continue;
    if (!accept(c, '}')) return malformed(c, "it does not end");
    break;
  }
  if (seen != SEEN_ALL) return malformed(c, "descr, fortran_order or shape is missing");
  skip_blanks(c);
  return c->at == c->end || malformed(c, "something follows the dictionary");
}

/* Finds the dictionary's bounds; *data is where the elements begin. */
static bool find_header(struct cursor *c, const unsigned char *bytes, size_t length, size_t *data) {
  static const unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (length < sizeof magic || memcmp(bytes, magic, sizeof magic))
    return hrm_fail(c->error, HRM_INPUT, "%s: not a .npy file", c->name);
  size_t start = length > 6 && bytes[6] == 1 ? 10 : 12;
  if (length < start) return hrm_fail(c->error, HRM_INPUT, "%s: cut short within the header", c->name);
  if (bytes[6] < 1 || bytes[6] > 3)
    return hrm_fail(c->error, HRM_INPUT, "%s: .npy version %d.%d is not supported", c->name, bytes[6], bytes[7]);
  size_t size = bytes[8] | (size_t)bytes[9] << 8;
  if (start == 12) size |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
  if (size > length - start) return hrm_fail(c->error, HRM_INPUT, "%s: cut short within the header", c->name);
  c->at = (const char *)bytes + start;
  c->end = c->at + size;
  *data = start + size;
  return true;
}

/* false where the product overflows; an axis of length 0 makes any shape empty. */
static bool count_elements(struct npy_array *array) {
  array->count = 1;
  bool overflow = false;
  for (int axis = 0; axis < array->rank; axis++) {
    if (array->shape[axis] == 0) return array->count = 0, true;
    overflow |= __builtin_mul_overflow(array->count, array->shape[axis], &array->count);
  }
  return !overflow;
}

static bool check_length(struct npy_array *array, size_t available, const char *name, struct hrm_error *error) {
  size_t item = npy_type_bytes(array->type);
  if (!count_elements(array) || (uint64_t)array->count > available / item)
    return hrm_fail(error, HRM_INPUT,
                    "%s: cut short: the header promises more elements than the %zu bytes of data hold", name,
                    available);
  size_t beyond = available - (size_t)array->count * item;
  if (beyond) return hrm_fail(error, HRM_INPUT, "%s: %zu bytes follow the last element", name, beyond);
  return true;
}

bool npy_parse(struct npy_array *array, const void *bytes, size_t length, const char *name, struct hrm_error *error) {
  *array = (struct npy_array){0};
  struct cursor c = {.name = name, .error = error};
  size_t data = 0;
  bool fortran = false;
  if (!find_header(&c, bytes, length, &data) || !read_dictionary(&c, array, &fortran)) return false;
  if (!check_length(array, length - data, name, error)) return false;
  if (fortran && array->rank > 1)
    return hrm_fail(error, HRM_INPUT, "%s: Fortran order is not supported; save np.ascontiguousarray(a)", name);
  array->data = (const char *)bytes + data;
  return true;
}

/* ---- Reading ---- */

static bool map_file(int descriptor, struct npy_array *mapped, const char *path, struct hrm_error *error) {
  struct stat status;
  if (fstat(descriptor, &status)) return hrm_fail(error, HRM_SYSTEM, "%s: %s", path, strerror(errno));
  if (!S_ISREG(status.st_mode)) return hrm_fail(error, HRM_INPUT, "%s: not a regular file", path);
  if (status.st_size == 0) return hrm_fail(error, HRM_INPUT, "%s: not a .npy file: it is empty", path);
  mapped->mapping_bytes = (size_t)status.st_size;
  mapped->mapping = mmap(NULL, mapped->mapping_bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (mapped->mapping == MAP_FAILED) return hrm_fail(error, HRM_SYSTEM, "%s: cannot map: %s", path, strerror(errno));
  return true;
}

bool npy_open(struct npy_array *array, const char *path, struct hrm_error *error) {
  *array = (struct npy_array){0};
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return hrm_fail(error, HRM_INPUT, "%s: %s", path, strerror(errno));
  struct npy_array mapped = {0};
  bool ok = map_file(descriptor, &mapped, path, error);
  close(descriptor);
  if (!ok) return false;
  ok = npy_parse(array, mapped.mapping, mapped.mapping_bytes, path, error);
  array->mapping = mapped.mapping;
  array->mapping_bytes = mapped.mapping_bytes;
  if (!ok) npy_close(array);
  return ok;
}

void npy_close(struct npy_array *array) {
  if (array->mapping) munmap(array->mapping, array->mapping_bytes);
  *array = (struct npy_array){0};
}

void npy_expect_random(const struct npy_array *array) {
  if (array->mapping) (void)madvise(array->mapping, array->mapping_bytes, MADV_RANDOM);
}

/* ---- Elements; memcpy, for a header may leave them at an odd address ---- */

/* Runs body for elements [first, first + count) of an integer array with `int64_t`-convertible `value` and index i.
 */
#define FOR_ELEMENTS(NAME, c_type, body)                                                                             \
  case NPY_##NAME:                                                                                                   \
    for (int64_t i = 0; i < count; i++) {                                                                            \
      c_type value;                                                                                                  \
      memcpy(&value, (const char *)array->data + (size_t)(first + i) * sizeof value, sizeof value);                  \
      body;                                                                                                          \
    }                                                                                                                \
    break;

int64_t npy_integer(const struct npy_array *array, int64_t i) {
  const char *at = (const char *)array->data + (size_t)i * npy_type_bytes(array->type);
#define LOAD(name, numpy, descr, c_type)                                                                             \
  case NPY_##name: {                                                                                                 \
    c_type value;                                                                                                    \
    memcpy(&value, at, sizeof value);                                                                                \
    return (int64_t)value;                                                                                           \
  }
  switch (array->type) { NPY_TYPES(LOAD) }
#undef LOAD
  return 0;
}

void npy_copy_i32(const struct npy_array *array, int64_t first, int64_t count, int32_t *out) {
  switch (array->type) {
#define COPY(name, numpy, descr, c_type) FOR_ELEMENTS(name, c_type, out[i] = (int32_t)value)
    NPY_TYPES(COPY)
#undef COPY
  }
}

static void measure(const struct npy_array *array, int64_t first, int64_t count, int64_t *smallest,
                    int64_t *largest) {
  int64_t low = *smallest, high = *largest;
  switch (array->type) {
#define MEASURE(name, numpy, descr, c_type)                                                                          \
  FOR_ELEMENTS(name, c_type, low = (int64_t)value < low ? (int64_t)value : low;                                      \
               high = (int64_t)value > high ? (int64_t)value : high)
    NPY_TYPES(MEASURE)
#undef MEASURE
  }
  *smallest = low;
  *largest = high;
}

/* Whole pages alone. */
static void release(const struct npy_array *array, int64_t first, int64_t count) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), bytes = npy_type_bytes(array->type);
  uintptr_t begin = (uintptr_t)array->data + (uintptr_t)first * bytes, end = begin + (uintptr_t)count * bytes;
  begin = (begin + page - 1) / page * page;
  end = end / page * page;
  if (array->mapping && begin < end) (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

void npy_release(const struct npy_array *array) {
  if (array->mapping) (void)madvise(array->mapping, array->mapping_bytes, MADV_DONTNEED);
}

void npy_range(const struct npy_array *array, int64_t *smallest, int64_t *largest) {
  enum { PIECE = 1 << 22 };
  *smallest = array->count ? INT64_MAX : 0;
  *largest = array->count ? INT64_MIN : -1;
  for (int64_t first = 0; first < array->count; first += PIECE) {
    int64_t left = array->count - first, count = left < PIECE ? left : PIECE;
    measure(array, first, count, smallest, largest);
    release(array, first, count);
  }
}

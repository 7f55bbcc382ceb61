#include "runtime/tensor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/archive.h"
#include "runtime/npz.h"
#include "runtime/pt.h"
#include "runtime/safetensors.h"

enum { ROOM_LEAST = 64 << 20, ROOM_FACTOR = 100 };

/* The forms, by their first bytes; the first that fits is taken. */
struct form {
  bool (*fits)(const unsigned char *bytes, size_t length);
  bool (*parse)(struct tensor_file *file, const void *bytes, size_t length, const char *name,
                struct hrm_error *error);
};

struct tensor_memory {
  struct tensor_memory *next;
  _Alignas(max_align_t) unsigned char bytes[];
};

static const struct {
  const char *name;
  size_t bytes;
} dtypes[] = {
#define STORED_ROW(identifier, name, bytes) {name, bytes},
    STORED_DTYPES(STORED_ROW)
#undef STORED_ROW
};

const char *stored_dtype_name(enum stored_dtype dtype) { return dtypes[dtype].name; }

size_t stored_dtype_bytes(enum stored_dtype dtype) { return dtypes[dtype].bytes; }

/* Maps the file; a mapping of nothing is not allowed, and a file so short is no checkpoint. */
static bool map(struct tensor_file *file, int descriptor, struct hrm_error *error) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return hrm_fail(error, HRM_SYSTEM, "%s: %s", file->path, strerror(errno));
  if (!S_ISREG(status.st_mode)) return hrm_fail(error, HRM_INPUT, "%s: not a file", file->path);
  if (status.st_size < 8) return hrm_fail(error, HRM_INPUT, "%s: cut short or empty; not a checkpoint", file->path);
  file->mapping_bytes = (size_t)status.st_size;
  file->mapping = mmap(NULL, file->mapping_bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (file->mapping != MAP_FAILED) return true;
  file->mapping = NULL;
  return hrm_fail(error, HRM_SYSTEM, "%s: cannot be mapped: %s", file->path, strerror(errno));
}

static bool is_safetensors(const unsigned char *bytes, size_t length) { return length > 8 && bytes[8] == '{'; }

static bool is_archive(const unsigned char *bytes, size_t length) {
  return length > 4 && memcmp(bytes, "PK", 2) == 0;
}

static bool parse_archive(struct tensor_file *file, const void *bytes, size_t length, const char *name,
                          struct hrm_error *error) {
  struct archive archive;
  if (!archive_open(&archive, bytes, length, name, error)) return false;
  int64_t pickle = pt_find_pickle(&archive);
  bool parsed = pickle >= 0 ? pt_parse_archive(file, &archive, pickle, error) : npz_parse(file, &archive, error);
  archive_close(&archive);
  return parsed;
}

static const struct form forms[] = {
    {is_safetensors, safetensors_parse}, {is_archive, parse_archive}, {pt_is_legacy, pt_parse_legacy}};

enum { FORMS = sizeof forms / sizeof *forms };

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool check_names(const struct tensor_file *file, struct hrm_error *error) {
  const char **names = malloc(((size_t)file->count + 1) * sizeof *names);
  bool different = true;
  if (!names) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (int i = 0; i < file->count; i++) names[i] = file->entries[i].name;
  qsort(names, (size_t)file->count, sizeof *names, compare_names);
  for (int i = 1; different && i < file->count; i++) {
    different = strcmp(names[i - 1], names[i]) != 0 ||
                hrm_fail(error, HRM_INPUT, "%s: two tensors are called '%s'", file->path, names[i]);
  }
  free(names);
  return different;
}

static bool parse(struct tensor_file *file, const void *bytes, size_t length, struct hrm_error *error) {
  file->room = length > ROOM_LEAST / ROOM_FACTOR ? (uint64_t)length * ROOM_FACTOR : ROOM_LEAST;
  for (int i = 0; i < FORMS; i++) {
    if (!forms[i].fits(bytes, length)) continue;
    return forms[i].parse(file, bytes, length, file->path, error) && check_names(file, error);
  }
  return hrm_fail(error, HRM_INPUT,
                  "%s: not a checkpoint, or cut short: neither safetensors nor PyTorch's .pt nor NumPy's .npz",
                  file->path);
}

bool tensor_file_parse(struct tensor_file *file, const void *bytes, size_t length, const char *name,
                       struct hrm_error *error) {
  *file = (struct tensor_file){.path = strdup(name)};
  bool parsed = file->path ? parse(file, bytes, length, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  if (!parsed) tensor_file_close(file);
  return parsed;
}

bool tensor_file_open(struct tensor_file *file, const char *path, struct hrm_error *error) {
  *file = (struct tensor_file){.path = strdup(path)};
  if (!file->path) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  bool opened =
      descriptor >= 0 || hrm_fail(error, errno == ENOENT ? HRM_INPUT : HRM_SYSTEM, "%s: %s", path, strerror(errno));
  opened = opened && map(file, descriptor, error) && parse(file, file->mapping, file->mapping_bytes, error);
  if (descriptor >= 0) close(descriptor);
  if (!opened) tensor_file_close(file);
  return opened;
}

void tensor_file_close(struct tensor_file *file) {
  for (struct tensor_memory *memory = file->memory, *next; memory; memory = next) {
    next = memory->next;
    free(memory);
  }
  if (file->mapping) munmap(file->mapping, file->mapping_bytes);
  json_decref(file->metadata);
  json_decref(file->header);
  free(file->entries);
  free(file->path);
  *file = (struct tensor_file){0};
}

void *tensor_file_allocate(struct tensor_file *file, uint64_t bytes, struct hrm_error *error) {
  if (bytes > file->room) {
    hrm_fail(error, HRM_INPUT, "%s: refused: its tensors take more than %d MB and more than %d times the file",
             file->path, ROOM_LEAST >> 20, ROOM_FACTOR);
    return NULL;
  }
  struct tensor_memory *memory = malloc(sizeof *memory + bytes);
  if (!memory) {
    hrm_fail(error, HRM_SYSTEM, "%s: out of memory: %llu bytes cannot be had", file->path, (unsigned long long)bytes);
    return NULL;
  }
  file->room -= bytes;
  memory->next = file->memory;
  file->memory = memory;
  return memory->bytes;
}

char *tensor_file_name(struct tensor_file *file, const char *name, size_t length, struct hrm_error *error) {
  char *copy = tensor_file_allocate(file, length + 1, error);
  if (!copy) return NULL;
  memcpy(copy, name, length);
  copy[length] = 0;
  return copy;
}

bool tensor_file_add(struct tensor_file *file, const struct tensor_entry *entry, struct hrm_error *error) {
  if (file->count == file->capacity) {
    int capacity = file->capacity ? 2 * file->capacity : 64;
    struct tensor_entry *grown = realloc(file->entries, (size_t)capacity * sizeof *grown);
    if (!grown) return hrm_fail(error, HRM_SYSTEM, "%s: out of memory", file->path);
    file->entries = grown;
    file->capacity = capacity;
  }
  file->entries[file->count++] = *entry;
  return true;
}

const struct tensor_entry *tensor_file_find(const struct tensor_file *file, const char *name) {
  for (int i = 0; i < file->count; i++) {
    if (strcmp(file->entries[i].name, name) == 0) return &file->entries[i];
  }
  return NULL;
}

const char *tensor_file_text(const struct tensor_file *file, const char *key) {
  return json_string_value(json_object_get(file->metadata, key));
}

static float from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Subnormals are multiples of 2⁻²⁴. */
static float from_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent == 0) return sign ? -(float)fraction * 0x1p-24f : (float)fraction * 0x1p-24f;
  uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return from_bits(sign | wide << 23 | fraction << 13);
}

static float element(enum stored_dtype dtype, const unsigned char *at) {
  double f64;
  uint16_t bits;
  if (dtype == STORED_F64) return memcpy(&f64, at, sizeof f64), (float)f64;
  memcpy(&bits, at, sizeof bits);
  return dtype == STORED_BF16 ? from_bits((uint32_t)bits << 16) : from_half(bits);
}

bool tensor_entry_floats(const struct tensor_entry *entry, float *out) {
  bool wide = entry->dtype == STORED_F32,
       other = entry->dtype == STORED_F64 || entry->dtype == STORED_F16 || entry->dtype == STORED_BF16;
  const unsigned char *data = entry->data;
  if (wide && entry->shape.count) memcpy(out, data, (size_t)entry->shape.count * sizeof *out);
  for (int64_t i = 0; other && i < entry->shape.count; i++) {
    out[i] = element(entry->dtype, data + (size_t)i * stored_dtype_bytes(entry->dtype));
  }
  return wide || other;
}

/* To the nearest, ties to even; a NaN stays one. */
static uint16_t to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (value != value) return 0x7fc0;
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

bool tensor_entry_convert(const struct tensor_entry *entry, enum stored_dtype dtype, void *out) {
  const unsigned char *data = entry->data;
  if (entry->dtype == STORED_BF16 && dtype == STORED_F32) return tensor_entry_floats(entry, out);
  for (int64_t i = 0; entry->dtype == STORED_F32 && dtype == STORED_BF16 && i < entry->shape.count; i++) {
    float value;
    memcpy(&value, data + (size_t)i * sizeof value, sizeof value);
    ((uint16_t *)out)[i] = to_bf16(value);
  }
  return entry->dtype == STORED_F32 && dtype == STORED_BF16;
}

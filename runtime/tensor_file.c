#include "runtime/tensor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/safetensors.h"

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

bool tensor_file_open(struct tensor_file *file, const char *path, struct hrm_error *error) {
  *file = (struct tensor_file){.path = strdup(path)};
  if (!file->path) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  bool opened =
      descriptor >= 0 || hrm_fail(error, errno == ENOENT ? HRM_INPUT : HRM_SYSTEM, "%s: %s", path, strerror(errno));
  opened = opened && map(file, descriptor, error) &&
           safetensors_parse(file, file->mapping, file->mapping_bytes, path, error);
  if (descriptor >= 0) close(descriptor);
  if (!opened) tensor_file_close(file);
  return opened;
}

void tensor_file_close(struct tensor_file *file) {
  if (file->mapping) munmap(file->mapping, file->mapping_bytes);
  json_decref(file->metadata);
  json_decref(file->header);
  free(file->entries);
  free(file->path);
  *file = (struct tensor_file){0};
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

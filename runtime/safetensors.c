#include "runtime/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/atomic_file.h"

enum { PREFIX = 8, ALIGNMENT = 64, HEADER_LIMIT = 100 << 20 };

static const char *const metadata_key = "__metadata__";

static uint64_t read_length(const unsigned char *bytes) {
  uint64_t length = 0;
  for (int i = PREFIX - 1; i >= 0; i--) length = length << 8 | bytes[i];
  return length;
}

static bool wrong(struct hrm_error *error, const char *file, const char *tensor, const char *why) {
  return hrm_fail(error, HRM_INPUT, "%s: tensor '%s': %s", file, tensor, why);
}

static bool parse_dtype(const json_t *json, enum stored_dtype *dtype) {
  const char *name = json_string_value(json_object_get(json, "dtype"));
  for (int i = 0; name && i < STORED_COUNT; i++) {
    if (strcmp(name, stored_dtype_name((enum stored_dtype)i)) == 0) return *dtype = (enum stored_dtype)i, true;
  }
  return false;
}

static bool parse_entry(struct tensor_entry *entry, const json_t *json, const unsigned char *data, size_t data_bytes,
                        const char *file, struct hrm_error *error) {
  const json_t *offsets = json_object_get(json, "data_offsets");
  if (!parse_dtype(json, &entry->dtype))
    return wrong(error, file, entry->name, "its dtype is missing or not supported");
  if (!shape_from_json(&entry->shape, json_object_get(json, "shape"))) {
    return wrong(error, file, entry->name, "its shape is missing or impossible");
  }
  json_int_t begin = json_integer_value(json_array_get(offsets, 0)),
             end = json_integer_value(json_array_get(offsets, 1));
  if (json_array_size(offsets) != 2 || begin < 0 || end < begin)
    return wrong(error, file, entry->name, "wrong data_offsets");
  if ((uint64_t)end > data_bytes) {
    return hrm_fail(error, HRM_INPUT,
                    "%s: cut short: tensor '%s' needs bytes up to %lld of the data, of which there are %zu", file,
                    entry->name, (long long)end, data_bytes);
  }
  if (entry->shape.count > (end - begin) / (json_int_t)stored_dtype_bytes(entry->dtype) ||
      entry->shape.count * (json_int_t)stored_dtype_bytes(entry->dtype) != end - begin) {
    return wrong(error, file, entry->name, "its data_offsets do not fit its shape");
  }
  entry->data = data + begin;
  return true;
}

static bool parse_entries(struct tensor_file *file, const unsigned char *data, size_t data_bytes, const char *name,
                          struct hrm_error *error) {
  file->entries = calloc(json_object_size(file->header) + 1, sizeof *file->entries);
  if (!file->entries) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  const char *key;
  json_t *value;
  json_object_foreach(file->header, key, value) {
    if (strcmp(key, metadata_key) == 0) continue;
    struct tensor_entry *entry = &file->entries[file->count++];
    entry->name = key;
    if (!parse_entry(entry, value, data, data_bytes, name, error)) return false;
  }
  return true;
}

bool safetensors_parse(struct tensor_file *file, const void *bytes, size_t length, const char *name,
                       struct hrm_error *error) {
  uint64_t header = length >= PREFIX ? read_length(bytes) : 0;
  const unsigned char *text = (const unsigned char *)bytes + PREFIX;
  if (length <= PREFIX || text[0] != '{') return hrm_fail(error, HRM_INPUT, "%s: not a safetensors file", name);
  if (header > length - PREFIX) {
    return hrm_fail(error, HRM_INPUT,
                    "%s: cut short or not a safetensors file: a header of %llu bytes in a file of %zu", name,
                    (unsigned long long)header, length);
  }
  if (header > HEADER_LIMIT) return hrm_fail(error, HRM_INPUT, "%s: its header is larger than 100 MB", name);
  file->form = "safetensors";
  json_error_t e;
  file->header = json_loadb((const char *)text, header, JSON_REJECT_DUPLICATES, &e);
  if (!json_is_object(file->header))
    return hrm_fail(error, HRM_INPUT, "%s: its header is no JSON object: %s", name, e.text);
  json_t *metadata = json_object_get(file->header, metadata_key);
  file->metadata = json_is_object(metadata) ? json_incref(metadata) : json_object();
  return parse_entries(file, text + header, length - PREFIX - header, name, error);
}

static size_t entry_bytes(const struct tensor_entry *entry) {
  return (size_t)entry->shape.count * stored_dtype_bytes(entry->dtype);
}

static json_t *entry_json(const struct tensor_entry *entry, size_t begin) {
  json_t *shape = json_array();
  for (int i = 0; i < entry->shape.rank; i++) json_array_append_new(shape, json_integer(entry->shape.size[i]));
  return json_pack("{s:s, s:o, s:[I, I]}", "dtype", stored_dtype_name(entry->dtype), "shape", shape, "data_offsets",
                   (json_int_t)begin, (json_int_t)(begin + entry_bytes(entry)));
}

/* Adds all entries one behind the other: the format allows no holes. */
static bool add_entries(json_t *header, const struct tensor_entry *entries, int count, struct hrm_error *error) {
  size_t at = 0;
  for (int i = 0; i < count; i++) {
    if (json_object_get(header, entries[i].name)) {
      return hrm_fail(error, HRM_LIMITATION, "two tensors of a checkpoint would be called '%s'", entries[i].name);
    }
    if (json_object_set_new(header, entries[i].name, entry_json(&entries[i], at)) != 0) {
      return hrm_fail(error, HRM_SYSTEM, "out of memory");
    }
    at += entry_bytes(&entries[i]);
  }
  return true;
}

/* Padded with blanks so that the data are aligned. */
static char *padded_text(const json_t *header) {
  char *compact = json_dumps(header, JSON_COMPACT), *text;
  if (!compact) return NULL;
  size_t whole = (PREFIX + strlen(compact) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (asprintf(&text, "%-*s", (int)(whole - PREFIX), compact) < 0) text = NULL;
  free(compact);
  return text;
}

/* The text of the header; the caller frees it. */
static char *header_text(const struct tensor_entry *entries, int count, json_t *metadata, struct hrm_error *error) {
  json_t *header = json_object();
  char *text = NULL;
  if (add_entries(header, entries, count, error)) {
    bool complete = !metadata || json_object_set(header, metadata_key, metadata) == 0;
    complete = complete && (text = padded_text(header));
    if (!complete) hrm_fail(error, HRM_SYSTEM, "out of memory");
  }
  json_decref(header);
  return text;
}

static bool write_parts(struct atomic_file *file, const char *header, const struct tensor_entry *entries, int count,
                        struct hrm_error *error) {
  unsigned char prefix[PREFIX];
  size_t length = strlen(header);
  for (int i = 0; i < PREFIX; i++) prefix[i] = (unsigned char)(length >> 8 * i);
  bool written = atomic_write(file, prefix, PREFIX, error) && atomic_write(file, header, length, error);
  for (int i = 0; written && i < count; i++) {
    size_t bytes = entry_bytes(&entries[i]);
    written = bytes == 0 || atomic_write(file, entries[i].data, bytes, error);
  }
  return written;
}

static int wider_first(const void *a, const void *b) {
  const struct tensor_entry *x = a, *y = b;
  size_t wide = stored_dtype_bytes(x->dtype), other = stored_dtype_bytes(y->dtype);
  return wide != other ? (wide < other) - (wide > other) : strcmp(x->name, y->name);
}

bool safetensors_write(const char *path, struct tensor_entry *entries, int count, json_t *metadata,
                       struct hrm_error *error) {
  qsort(entries, (size_t)count, sizeof *entries, wider_first);
  char *header = header_text(entries, count, metadata, error);
  if (!header) return false;
  struct atomic_file file;
  bool written = atomic_open(&file, path, error);
  if (written) {
    written = write_parts(&file, header, entries, count, error);
    if (written)
      written = atomic_commit(&file, error);
    else
      atomic_abandon(&file);
  }
  free(header);
  return written;
}

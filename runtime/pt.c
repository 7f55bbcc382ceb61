#include "runtime/pt.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/pt_tensors.h"

/* ---- The zip form ---- */

static const char pickle_name[] = "data.pkl";

int64_t pt_find_pickle(const struct archive *archive) {
  for (int64_t i = 0; i < archive_count(archive); i++) {
    const char *member = archive_member(archive, i), *slash = strrchr(member, '/');
    if (strcmp(slash ? slash + 1 : member, pickle_name) == 0) return i;
  }
  return -1;
}

struct zip_form {
  struct tensor_file *file;
  const struct archive *archive;
  const char *prefix; /* of all members */
  int prefix_length;
};

static void *read_member(const struct zip_form *z, int64_t member, uint64_t *bytes, struct hrm_error *error) {
  if (!archive_size(z->archive, member, bytes, error)) return NULL;
  void *data = tensor_file_allocate(z->file, *bytes, error);
  return data && archive_read(z->archive, member, data, *bytes, error) ? data : NULL;
}

static int64_t find_member(const struct zip_form *z, const char *folder, const char *name, size_t length) {
  char *member;
  if (asprintf(&member, "%.*s%s%.*s", z->prefix_length, z->prefix, folder, (int)length, name) < 0) return -1;
  int64_t found = archive_find(z->archive, member);
  free(member);
  return found;
}

static bool find_in_archive(void *context, struct pt_storage *storage, struct hrm_error *error) {
  const struct zip_form *z = context;
  int shown = storage->length < 80 ? (int)storage->length : 80;
  int64_t member = storage->length < 1000 ? find_member(z, "data/", storage->key, storage->length) : -1;
  uint64_t bytes, wanted = (uint64_t)storage->count * stored_dtype_bytes(storage->dtype);
  if (member < 0) {
    return hrm_fail(error, HRM_INPUT, "%s: damaged: it has no storage '%.*s'", z->file->path, shown, storage->key);
  }
  if (!archive_size(z->archive, member, &bytes, error)) return false;
  if (bytes != wanted) {
    return hrm_fail(error, HRM_INPUT, "%s: damaged: storage '%.*s' has %llu bytes in place of %llu", z->file->path,
                    shown, storage->key, (unsigned long long)bytes, (unsigned long long)wanted);
  }
  return (storage->data = read_member(z, member, &bytes, error)) != NULL;
}

static bool check_byte_order(const struct zip_form *z, struct hrm_error *error) {
  int64_t member = find_member(z, "", "byteorder", strlen("byteorder"));
  uint64_t bytes;
  if (member < 0) return true;
  const char *order = read_member(z, member, &bytes, error);
  if (!order) return false;
  return (bytes == 6 && memcmp(order, "little", 6) == 0) ||
         hrm_fail(error, HRM_INPUT, "%s: its byte order is not 'little'", z->file->path);
}

bool pt_parse_archive(struct tensor_file *file, const struct archive *archive, int64_t member,
                      struct hrm_error *error) {
  const char *name = archive_member(archive, member);
  struct zip_form z = {file, archive, name, (int)(strlen(name) - strlen(pickle_name))};
  struct pt_storages storages = {.find = find_in_archive, .context = &z};
  struct pickle pickle;
  uint64_t bytes;
  file->form = "PyTorch";
  const void *data = check_byte_order(&z, error) ? read_member(&z, member, &bytes, error) : NULL;
  if (!data || !pickle_read(&pickle, data, bytes, 0, pt_classes, file->path, error)) return false;
  bool parsed = pt_storages_collect(&storages, &pickle, file->path, error) &&
                pt_add_tensors(file, &storages, pickle.root, error);
  pt_storages_free(&storages);
  pickle_free(&pickle);
  return parsed;
}

/* ---- The legacy form ---- */

struct legacy_form {
  struct tensor_file *file;
  const unsigned char *bytes;
  size_t length, at;
  struct hrm_error *error;
};

bool pt_is_legacy(const unsigned char *bytes, size_t length) {
  return length > 2 && bytes[0] == 0x80 && bytes[1] <= 5;
}

static bool legacy_wrong(const struct legacy_form *l, const char *what) {
  return hrm_fail(l->error, HRM_INPUT, "%s: not a file of tensors by PyTorch, or damaged: %s at byte %zu",
                  l->file->path, what, l->at);
}

static bool next_pickle(struct legacy_form *l, struct pickle *pickle) {
  if (!pickle_read(pickle, l->bytes + l->at, l->length - l->at, l->at, pt_classes, l->file->path, l->error))
    return false;
  l->at += pickle->length;
  return true;
}

static bool is_magic(const struct pickle_value *v) {
  static const char magic[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  return v->kind == PICKLE_LONG && v->length == sizeof magic - 1 && memcmp(v->text, magic, v->length) == 0;
}

static bool is_protocol(const struct pickle_value *v) { return v->kind == PICKLE_INTEGER && v->integer == 1001; }

static bool is_little_endian(const struct pickle_value *v) {
  const struct pickle_value *little = pickle_find(v, "little_endian");
  return little && little->kind == PICKLE_BOOL && little->integer;
}

static bool expect_pickle(struct legacy_form *l, bool (*right)(const struct pickle_value *value), const char *what) {
  struct pickle pickle;
  if (!next_pickle(l, &pickle)) return false;
  bool found = right(pickle.root);
  pickle_free(&pickle);
  return found || legacy_wrong(l, what);
}

/* One storage's number of elements, and they. */
static bool place_storage(struct legacy_form *l, struct pt_storage *storage) {
  uint64_t bytes = (uint64_t)storage->count * stored_dtype_bytes(storage->dtype);
  int64_t count;
  if (l->length - l->at < sizeof count) return legacy_wrong(l, "cut short");
  memcpy(&count, l->bytes + l->at, sizeof count);
  if (count != storage->count) return legacy_wrong(l, "a storage of another size than its tensors say");
  l->at += sizeof count;
  if (bytes > l->length - l->at) return legacy_wrong(l, "cut short");
  storage->data = l->bytes + l->at;
  l->at += bytes;
  return true;
}

static bool place_storages(struct legacy_form *l, const struct pt_storages *storages) {
  struct pickle keys;
  size_t placed = 0;
  if (!next_pickle(l, &keys)) return false;
  bool right = keys.root->kind == PICKLE_LIST || legacy_wrong(l, "no list of storages");
  for (size_t i = 0; right && i < keys.root->items.count; i++) {
    struct pt_storage *storage = pt_storages_find(storages, keys.root->items.at[i]);
    right = storage && !storage->data ? place_storage(l, storage) : legacy_wrong(l, "an unknown storage");
    placed++;
  }
  pickle_free(&keys);
  return right && (placed == storages->count || legacy_wrong(l, "a storage is missing"));
}

bool pt_parse_legacy(struct tensor_file *file, const void *bytes, size_t length, const char *name,
                     struct hrm_error *error) {
  struct legacy_form l = {file, bytes, length, 0, error};
  struct pt_storages storages = {0};
  struct pickle pickle;
  file->form = "PyTorch, legacy";
  if (!expect_pickle(&l, is_magic, "no magic number") || !expect_pickle(&l, is_protocol, "an unknown protocol") ||
      !expect_pickle(&l, is_little_endian, "it is not little-endian") || !next_pickle(&l, &pickle)) {
    return false;
  }
  bool parsed = pt_storages_collect(&storages, &pickle, name, error) && place_storages(&l, &storages) &&
                pt_add_tensors(file, &storages, pickle.root, error);
  pt_storages_free(&storages);
  pickle_free(&pickle);
  return parsed;
}

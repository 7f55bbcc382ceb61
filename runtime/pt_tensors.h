/* Tensors out of what a PyTorch pickle holds; runtime/pt.h has the rules. */
#ifndef HRM_PT_TENSORS_H
#define HRM_PT_TENSORS_H

#include "runtime/pickle.h"
#include "runtime/tensor_file.h"

/* NAME(class in the module torch, type of its elements) */
#define PT_STORAGES(NAME)                                                                                            \
  NAME(DoubleStorage, F64)                                                                                           \
  NAME(FloatStorage, F32)                                                                                            \
  NAME(HalfStorage, F16)                                                                                             \
  NAME(BFloat16Storage, BF16)                                                                                        \
  NAME(LongStorage, I64)                                                                                             \
  NAME(IntStorage, I32)                                                                                              \
  NAME(ShortStorage, I16)                                                                                            \
  NAME(CharStorage, I8)                                                                                              \
  NAME(ByteStorage, U8)                                                                                              \
  NAME(BoolStorage, BOOL)

/* Numbers of the other classes; those of storages are their elements' types. */
enum { PT_REBUILD_TENSOR = STORED_COUNT, PT_REBUILD_PARAMETER, PT_OTHER };

/* All classes that a pickle may name. */
extern const struct pickle_class pt_classes[];

/* What tensors are views of. */
struct pt_storage {
  const char *key; /* within the pickle, not terminated */
  size_t length;   /* of the key */
  enum stored_dtype dtype;
  int64_t count;
  const void *data; /* NULL until it is found */
};

/* The storages that a pickle names. */
struct pt_storages {
  struct pt_storage *at; /* sorted by key */
  size_t count, capacity;
  /* Finds the data of a storage when the first tensor needs it; NULL where all are found already. */
  bool (*find)(void *context, struct pt_storage *storage, struct hrm_error *error);
  void *context;
};

/* name stands in messages. */
bool pt_storages_collect(struct pt_storages *s, const struct pickle *pickle, const char *name,
                         struct hrm_error *error);
struct pt_storage *pt_storages_find(const struct pt_storages *s, const struct pickle_value *key); /* or NULL */
void pt_storages_free(struct pt_storages *s); /* accepts all zeros */

/* The key of the storage that a persistent value of one that was collected names. */
const struct pickle_value *pt_storage_key(const struct pickle_value *persistent);

/* Adds every tensor of the object to the file. */
bool pt_add_tensors(struct tensor_file *file, const struct pt_storages *s, const struct pickle_value *object,
                    struct hrm_error *error);

#endif

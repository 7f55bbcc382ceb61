#include "runtime/predictions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/text.h"

static bool is_file(const char *path) { return ends_in(path, ".npy"); }

static bool make_folder(const char *path, struct hrm_error *error) {
  struct stat status;
  if (mkdir(path, 0777) == 0) return true;
  if (errno != EEXIST) return hrm_fail(error, HRM_SYSTEM, "%s: cannot be made: %s", path, strerror(errno));
  return (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) ||
         hrm_fail(error, HRM_INPUT, "%s: neither a folder nor a name that ends in .npy", path);
}

bool predictions_check(const char *path, const struct dataset *dataset, struct hrm_error *error) {
  if (!is_file(path)) return make_folder(path, error);
  return dataset->num_sets == 1 ||
         hrm_fail(error, HRM_INPUT, "%s: %s has %d sets, whose predictions need a folder; leave out .npy", path,
                  dataset->path, dataset->num_sets);
}

bool predictions_open(struct predictions *p, const char *path, const struct dataset_set *set,
                      const struct description *d, struct hrm_error *error) {
  *p = (struct predictions){.tensor = d->standard[TENSOR_PREDICTION]};
  int printed =
      is_file(path) ? asprintf(&p->path, "%s", path) : asprintf(&p->path, "%s/%s__predictions.npy", path, set->name);
  if (printed < 0) return p->path = NULL, hrm_fail(error, HRM_SYSTEM, "out of memory");
  const int64_t shape[] = {0, d->tensors[p->tensor].shape.count};
  if (npy_create(&p->writer, p->path, NPY_I32, 2, shape, error)) return true;
  free(p->path);
  return false;
}

/* A failure to write stays with the file until predictions_finish. */
void predictions_keep(void *predictions, const struct slots *slots, int64_t slot, int64_t example) {
  struct predictions *p = predictions;
  if (slots->halted[slot]) (void)npy_put(&p->writer, example, slots_tensor(slots, p->tensor, slot), 1, NULL);
}

bool predictions_finish(struct predictions *p, struct hrm_error *error) {
  free(p->path);
  return npy_finish(&p->writer, error);
}

void predictions_abandon(struct predictions *p) {
  free(p->path);
  npy_abandon(&p->writer);
}

#include "runtime/footprint.h"

#include <string.h>
#include <sys/resource.h>

#include "runtime/optimizer.h"
#include "runtime/slots.h"

enum { ELEMENT_BYTES = 4 };

/* Sums and products of counts that are not negative, at most INT64_MAX. */
static int64_t add(int64_t x, int64_t y) {
  int64_t sum;
  return __builtin_add_overflow(x, y, &sum) ? INT64_MAX : sum;
}

static int64_t multiply(int64_t x, int64_t y) {
  int64_t product;
  return __builtin_mul_overflow(x, y, &product) ? INT64_MAX : product;
}

static int64_t sparse_floats(const struct description *d) {
  int64_t count = 0;
  for (int i = 0; i < d->weight_count; i++)
    if (d->weights[i].sparse) count = add(count, d->weights[i].shape.count);
  return count;
}

/* As the optimiser allocates: a state that some weight has is laid out for all. */
static int64_t optimizer_floats(const struct description *d, const struct footprint_options *o) {
  const struct optimizer optimizer = {.description = d, .groups = o->groups};
  bool m = false, v = false;
  for (int i = 0; i < d->weight_count; i++) {
    m |= optimizer_has_m(&optimizer, i);
    v |= optimizer_has_v(&optimizer, i);
  }
  return multiply(d->weight_count_floats, m + v + o->averages);
}

static int64_t slot_bytes(const struct description *d) {
  int64_t bytes = 2 * sizeof(int32_t);
  for (int i = 0; i < d->tensor_count; i++)
    if (d->tensors[i].role != SLOT_TRACE) bytes = add(bytes, (int64_t)slots_bytes(&d->tensors[i]));
  return bytes;
}

struct footprint footprint_of(const struct description *d, const struct footprint_options *o) {
  struct footprint f = {.packed = d->shared_bytes};
  f.weights = multiply(add(d->weight_count_floats, sparse_floats(d)), ELEMENT_BYTES);
  if (o->groups) {
    f.optimizer = multiply(optimizer_floats(d, o), ELEMENT_BYTES);
    f.gradients = multiply(multiply(d->weight_count_floats, ELEMENT_BYTES), o->threads);
  }
  f.activations = multiply(add(d->arena_bytes, d->local_bytes), o->threads);
  f.slots = multiply(multiply(slot_bytes(d), o->batch), 1 + o->evaluates);
  f.total = add(add(add(f.weights, f.packed), add(f.optimizer, f.gradients)), add(f.activations, f.slots));
  return f;
}

/* ---- what the system can give ---- */

/* Bytes in a line "MemAvailable:  123 kB" of /proc; 0: no such line. */
static int64_t proc_bytes(const char *path, const char *field) {
  char line[256];
  long long kilobytes = 0;
  FILE *f = fopen(path, "r");
  while (f && fgets(line, sizeof line, f)) {
    if (strncmp(line, field, strlen(field)) == 0) sscanf(line + strlen(field), ": %lld", &kilobytes);
  }
  if (f) fclose(f);
  return multiply(kilobytes, 1024);
}

/* The number in a file of the control group; "max" or no such file: INT64_MAX. */
static int64_t group_bytes(const char *name) {
  char path[128];
  long long bytes = INT64_MAX;
  snprintf(path, sizeof path, "/sys/fs/cgroup/%s", name);
  FILE *f = fopen(path, "r");
  if (f && fscanf(f, "%lld", &bytes) != 1) bytes = INT64_MAX;
  if (f) fclose(f);
  return bytes;
}

static int64_t least(int64_t x, int64_t y) { return x < y ? x : y; }

int64_t footprint_available(void) {
  int64_t available = INT64_MAX, limit = group_bytes("memory.max");
  int64_t free_bytes = add(proc_bytes("/proc/meminfo", "MemAvailable"), proc_bytes("/proc/meminfo", "SwapFree"));
  if (free_bytes > 0) available = free_bytes;
  if (limit != INT64_MAX) available = least(available, limit - least(limit, group_bytes("memory.current")));
  struct rlimit addresses;
  if (getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur < INT64_MAX) {
    int64_t used = proc_bytes("/proc/self/status", "VmSize"), most = (int64_t)addresses.rlim_cur;
    available = least(available, most - least(most, used));
  }
  return available;
}

bool footprint_check(const struct footprint *f, int64_t available, struct hrm_error *error) {
  if (f->total <= available) return true;
  return hrm_fail(error, HRM_SYSTEM,
                  "%lld bytes are needed and %lld can be had: weights %lld, packed weights %lld, optimiser %lld, "
                  "gradients %lld, activations %lld, examples and states %lld; a smaller --batch or fewer --threads "
                  "need less",
                  (long long)f->total, (long long)available, (long long)f->weights, (long long)f->packed,
                  (long long)f->optimizer, (long long)f->gradients, (long long)f->activations, (long long)f->slots);
}

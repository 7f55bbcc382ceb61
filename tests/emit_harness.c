#include "tests/emit_harness.h"
#include "tests/kernel_interpreter.h"

#include "runtime/team.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_BUFFERS = 16, TILE = HARNESS_LARGEST_N + 1 };

const char *const harness_cpus[HARNESS_CPUS] = {NULL, "x86-64-v4", "x86-64-v3", "x86-64"};

/* Sanitizers look at the compiler, which does the same for all of them, and not at what it made. */
bool harness_runs(const char *cpu) {
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
  bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
  return !cpu || !strcmp(cpu, "x86-64") || v4;
#else
  return cpu == NULL;
#endif
}

struct harness_code harness_load(struct arena *a, const struct plan *plan, const char *cpu) {
  const struct target target = {.cpu = cpu};
  const char *error = NULL;
  struct harness_code code = {.engine = engine_new(a, &target, &error)};
  ck_assert_msg(code.engine && engine_load(code.engine, a, plan, &code.loaded, &error), "%s", error);
  code.entry = code.loaded.train;
  return code;
}

static hrm_entry *entry_of(const struct loaded_code *loaded, const struct plan *plan, const struct function *f) {
  return f == &plan->prepare ? loaded->prepare : f == &plan->train ? loaded->train : loaded->forward;
}

struct harness_code harness_compile(struct arena *a, struct step *steps, int count, const char *cpu, int64_t tile) {
  struct plan plan = {.pack = {.name = "pack"},
                      .prepare = {.name = "prepare"},
                      .forward = {.name = "forward"},
                      .train = {.name = "train", .steps = steps, .count = count},
                      .trace = {.name = "trace"},
                      .tile = tile};
  plan_forms(a, &plan);
  return harness_load(a, &plan, cpu);
}

void harness_close(struct harness_code *code) {
  engine_unload(code->engine, &code->loaded);
  engine_free(code->engine);
}

struct call {
  pthread_t thread;
  hrm_entry *entry;
  struct hrm_tile tile;
};

static void *run_member(void *argument) {
  struct call *c = argument;
  c->entry(&c->tile);
  return NULL;
}

static void call_team(hrm_entry *entry, const struct hrm_tile *tile, int members, int64_t local_bytes) {
  struct team team = {.members = members};
  struct call calls[8];
  ck_assert_int_le(members, 8);
  for (int i = 0; i < members; i++) {
    calls[i] = (struct call){.entry = entry, .tile = *tile};
    calls[i].tile.member = i;
    calls[i].tile.members = members;
    calls[i].tile.finished = team_finished;
    calls[i].tile.team = &team;
    if (i > 0) calls[i].tile.local = aligned_alloc(64, (size_t)local_bytes + 64);
    if (i > 0 && pthread_create(&calls[i].thread, NULL, run_member, &calls[i])) ck_abort_msg("no thread");
  }
  run_member(&calls[0]);
  for (int i = 1; i < members; i++) {
    pthread_join(calls[i].thread, NULL);
    free(calls[i].tile.local);
  }
}

void harness_pack(const struct loaded_code *loaded, const struct plan *plan, const struct hrm_tile *tile) {
  for (int i = 0; i < plan->weight_count; i++) {
    int64_t blocks = plan->packings[i].blocks, half = blocks / 2;
    if (half > 0) loaded->pack(tile, i, 0, half);
    for (int64_t k = blocks - 1; k >= half; k--) loaded->pack(tile, i, k, k + 1);
  }
}

void harness_run(const struct loaded_code *loaded, const struct plan *plan, const struct function *f,
                 const struct hrm_tile *tile, int members) {
  if (f == &plan->pack)
    harness_pack(loaded, plan, tile);
  else
    call_team(entry_of(loaded, plan, f), tile, members, f->local_bytes);
}

/* A deterministic number in [0, 1). */
static double harness_random(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static int64_t length(struct extent e, int64_t n) { return e.per_example ? e.count * n : e.count; }

/* ---- buffers ---- */

struct buffer {
  enum dtype dtype;
  int64_t bytes; /* 0: no such io number */
  bool is_index;
  int64_t bound; /* of an index: values lie a little below 0 to a little above it */
  void *data, *reference;
};

static struct extent extent_of(const struct kernel *k, int axis) {
  if (k->kind == KERNEL_LOOP) return k->loop.extent[axis];
  int place = axis - k->contraction.loop_count;
  const struct extent inner[] = {k->contraction.m, k->contraction.n, k->contraction.k};
  return place < 0 ? k->contraction.loop[axis] : inner[place];
}

static int rank_of(const struct kernel *k) {
  return k->kind == KERNEL_LOOP ? k->loop.rank : k->contraction.loop_count + 3;
}

/* Steps from the first to the last element along an axis; pairs of bf16 are neighbours, and b has room for the last.
 */
static int64_t last_along(const struct kernel *k, const struct access *access, int axis, int64_t n) {
  int64_t count = length(extent_of(k, axis), n);
  bool pairs = k->kind == KERNEL_CONTRACTION && access->dtype == DTYPE_BF16 && axis == rank_of(k) - 1;
  if (!pairs || access->stride[axis] == 0) return (count - 1) * access->stride[axis];
  bool is_b = access->stride[axis - 1] != 0;
  return (count - 1) / 2 * access->stride[axis] + (is_b ? 1 : (count - 1) % 2);
}

static void measure(const struct kernel *k, const struct access *accesses, int which, int64_t n,
                    struct buffer *buffers) {
  const struct access *access = &accesses[which];
  struct buffer *buffer = &buffers[access->io];
  int64_t last = access->index >= 0 ? (access->index_rows - 1) * access->index_stride : 0;
  for (int i = 0; i < rank_of(k); i++) last += last_along(k, access, i, n);
  int64_t bytes = access->offset + (last + 1) * dtype_size(access->dtype);
  if (bytes > buffer->bytes) buffer->bytes = bytes;
  buffer->dtype = access->dtype;
  if (access->index < 0) return;
  struct buffer *index = &buffers[accesses[access->index].io];
  index->is_index = true;
  index->bound = access->index_rows;
}

/* Ends where memory that cannot be read begins. */
static void *allocate_at_edge(int64_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = ((size_t)bytes + page - 1) / page * page;
  char *memory = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert(memory != MAP_FAILED);
  ck_assert_int_eq(mprotect(memory + whole, page, PROT_NONE), 0);
  return memory + whole - bytes;
}

static void release(void *data, int64_t bytes) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), whole = ((uintptr_t)bytes + page - 1) / page * page;
  char *end = (char *)data + bytes;
  munmap(end - whole, whole + page);
}

static void fill(struct buffer *b, uint64_t *state) {
  int size = dtype_size(b->dtype);
  for (int64_t i = 0; i < b->bytes / size; i++) {
    double value = 4 * harness_random(state) - 2;
    if (b->is_index) value = floor(harness_random(state) * ((double)b->bound + 2)) - 1;
    if (b->dtype == DTYPE_I32 && !b->is_index) value = floor(8 * value);
    interpret_store(b->dtype, (char *)b->data + i * size, value);
  }
  memcpy(b->reference, b->data, (size_t)b->bytes);
}

static double compare(const struct buffer *b) {
  int size = dtype_size(b->dtype);
  double worst = 0;
  for (int64_t i = 0; i < b->bytes / size; i++) {
    double x = interpret_load(b->dtype, (char *)b->data + i * size);
    double y = interpret_load(b->dtype, (char *)b->reference + i * size);
    if (x == y || (isnan(x) && isnan(y))) continue;
    double difference = fabs(x - y) / (1 + fabs(y));
    if (!(difference <= worst)) worst = isnan(difference) ? INFINITY : difference;
  }
  return worst;
}

static int accesses_of(const struct kernel *k, const struct access **list, struct access *storage) {
  *list = k->kind == KERNEL_LOOP ? k->loop.accesses : storage;
  storage[0] = k->contraction.a;
  storage[1] = k->contraction.b;
  storage[2] = k->contraction.c;
  return k->kind == KERNEL_LOOP ? k->loop.access_count : 3;
}

static void open_buffers(const struct kernel *k, int64_t n, struct buffer *buffers) {
  uint64_t state = 1;
  struct access storage[3];
  const struct access *accesses = NULL;
  int count = accesses_of(k, &accesses, storage);
  for (int i = 0; i < count; i++) measure(k, accesses, i, n, buffers);
  for (int i = 0; i < MAX_BUFFERS; i++) {
    if (buffers[i].bytes == 0) continue;
    buffers[i].data = allocate_at_edge(buffers[i].bytes);
    buffers[i].reference = allocate_at_edge(buffers[i].bytes);
    fill(&buffers[i], &state);
  }
}

static double difference_for(const struct kernel *k, hrm_entry *entry, int64_t n) {
  struct buffer buffers[MAX_BUFFERS] = {{0}};
  struct kernel copy = *k;
  struct step step = {.kind = STEP_KERNEL, .kernel = &copy};
  void *tensors[MAX_BUFFERS];
  char *references[MAX_BUFFERS];
  double worst = 0;
  open_buffers(k, n, buffers);
  for (int i = 0; i < MAX_BUFFERS; i++) {
    tensors[i] = buffers[i].data;
    references[i] = buffers[i].reference;
  }
  entry(&(struct hrm_tile){.n = n, .tensors = tensors});
  interpret_steps(&step, 1, &(struct kernel_memory){.n = n, .tensors = references});
  for (int i = 0; i < MAX_BUFFERS; i++) {
    if (buffers[i].bytes == 0) continue;
    worst = fmax(worst, compare(&buffers[i]));
    release(buffers[i].data, buffers[i].bytes);
    release(buffers[i].reference, buffers[i].bytes);
  }
  return worst;
}

double harness_difference(struct arena *a, const struct kernel *k, const char *cpu) {
  struct kernel copy = *k;
  struct step step = {.kind = STEP_KERNEL, .kernel = &copy};
  struct harness_code code = harness_compile(a, &step, 1, cpu, TILE);
  double worst = 0;
  for (int64_t n = 1; n <= HARNESS_LARGEST_N; n++) worst = fmax(worst, difference_for(k, code.entry, n));
  harness_close(&code);
  return worst;
}

/* The text of kernels, and their count of operations; see kernel.h. */
#include "kernel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int value_arity(const struct value *v) {
  switch (v->kind) {
  case VALUE_MAP: return scalar_arity(v->scalar);
  case VALUE_REDUCE: return 1;
  case VALUE_PAIR: return 2;
  default: return 0;
  }
}

/* Where text goes, and whether it tells places (spaces, io numbers, offsets) too. */
struct printer {
  FILE *out;
  bool places;
  int indent;
};

static void line_begin(const struct printer *w) { fprintf(w->out, "%*s", w->indent, ""); }

static void print_extent(const struct printer *w, struct extent e) {
  if (e.per_example)
    fprintf(w->out, e.count == 1 ? "n" : "n*%" PRId64, e.count);
  else
    fprintf(w->out, "%" PRId64, e.count);
}

static void print_extents(const struct printer *w, const struct extent *extents, int count) {
  fputc('[', w->out);
  for (int i = 0; i < count; i++) {
    if (i) fputs(", ", w->out);
    print_extent(w, extents[i]);
  }
  fputc(']', w->out);
}

static void print_place(const struct printer *w, const struct access *a) {
  static const char *const spaces[] = {"weights", "shared", "arena", "grads", "local", "io"};
  if (!w->places) return;
  if (a->space == SPACE_IO)
    fprintf(w->out, " io%d+%" PRId64, a->io, a->offset);
  else
    fprintf(w->out, " %s+%" PRId64, spaces[a->space], a->offset);
}

/* " around {2624, 32}": steps along the loops of the chain, as far as there are some. */
static void print_around(const struct printer *w, const struct access *a) {
  int count = CHAIN_MAX_LOOPS;
  while (count > 0 && a->around[count - 1] == 0) count--;
  if (!w->places || count == 0) return;
  fputs(" around {", w->out);
  for (int i = 0; i < count; i++) fprintf(w->out, "%s%" PRId64, i ? ", " : "", a->around[i]);
  fputc('}', w->out);
}

/* " f32 arena+64 {512, 1}": type, place, stride along each axis. */
static void print_access(const struct printer *w, const struct access *a, int rank) {
  fprintf(w->out, " %s", dtype_text(a->dtype));
  print_place(w, a);
  fputs(" {", w->out);
  for (int i = 0; i < rank; i++) fprintf(w->out, "%s%" PRId64, i ? ", " : "", a->stride[i]);
  fputc('}', w->out);
  print_around(w, a);
  if (a->index >= 0) fprintf(w->out, " + %" PRId64 "*@%d (of %" PRId64 ")", a->index_stride, a->index, a->index_rows);
}

/* ---- loops ---- */

static void print_value_op(const struct printer *w, const struct value *v) {
  static const char *const reductions[] = {[REDUCE_SUM] = "sum", [REDUCE_MAX] = "max", [REDUCE_MIN] = "min"};
  switch (v->kind) {
  case VALUE_LOAD: fprintf(w->out, "load @%d", v->access); break;
  case VALUE_CONST: fprintf(w->out, "%.17g", v->constant); break;
  case VALUE_IOTA: fprintf(w->out, "iota axis %d", v->axis); break;
  case VALUE_REDUCE: fprintf(w->out, "reduce.%s v%d", reductions[v->reduction], v->operand[0]); break;
  case VALUE_PAIR: fprintf(w->out, "pair v%d, v%d", v->operand[0], v->operand[1]); break;
  case VALUE_MAP:
    fputs(scalar_text(v->scalar), w->out);
    for (int i = 0; i < scalar_arity(v->scalar); i++) fprintf(w->out, "%s v%d", i ? "," : "", v->operand[i]);
    break;
  }
}

static void print_value(const struct printer *w, const struct value *v, int number) {
  line_begin(w);
  fprintf(w->out, "  v%d = ", number);
  print_value_op(w, v);
  fprintf(w->out, " : %s%s", dtype_text(v->dtype), v->is_row ? " row" : "");
  if (v->pass != 0) fprintf(w->out, " pass %d", v->pass);
  fputc('\n', w->out);
}

static void print_loop(const struct printer *w, const struct loop *l) {
  print_extents(w, l->extent, l->rank);
  if (l->vector_axis >= 0) fprintf(w->out, " vector %d", l->vector_axis);
  if (l->pass_axis >= 0) fprintf(w->out, " pass axis %d, passes %d", l->pass_axis, l->pass_count);
  fputc('\n', w->out);
  for (int i = 0; i < l->access_count; i++) {
    line_begin(w);
    fprintf(w->out, "  @%d", i);
    print_access(w, &l->accesses[i], l->rank);
    fputc('\n', w->out);
  }
  for (int i = 0; i < l->value_count; i++) print_value(w, &l->values[i], i);
  for (int i = 0; i < l->store_count; i++) {
    line_begin(w);
    fprintf(w->out, "  @%d %s v%d\n", l->stores[i].access, l->stores[i].add ? "+=" : "=", l->stores[i].value);
  }
}

/* ---- contractions ---- */

static void print_operand(const struct printer *w, const char *name, const struct access *a, int rank) {
  line_begin(w);
  fprintf(w->out, "  %s", name);
  print_access(w, a, rank);
  fputc('\n', w->out);
}

static void print_contraction(const struct printer *w, const struct contraction *c) {
  print_extents(w, c->loop, c->loop_count);
  fputs(" m ", w->out);
  print_extent(w, c->m);
  fputs(" n ", w->out);
  print_extent(w, c->n);
  fputs(" k ", w->out);
  print_extent(w, c->k);
  fputs(c->accumulate ? " accumulate\n" : "\n", w->out);
  print_operand(w, "a", &c->a, c->loop_count + 3);
  print_operand(w, "b", &c->b, c->loop_count + 3);
  print_operand(w, "c", &c->c, c->loop_count + 3);
}

static void print_kernel(const struct printer *w, const struct kernel *k) {
  line_begin(w);
  fputs(k->kind == KERNEL_LOOP ? "loop " : "contract ", w->out);
  if (k->kind == KERNEL_LOOP)
    print_loop(w, &k->loop);
  else
    print_contraction(w, &k->contraction);
}

const char *kernel_signature(struct arena *a, const struct kernel *k) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) arena_fail(a, GUARD_MEMORY, "out of memory: no stream for the text of a kernel");
  print_kernel(&(struct printer){.out = out}, k);
  fclose(out);
  const char *copy = arena_strndup(a, text, size);
  free(text);
  return copy;
}

/* ---- chains ---- */

static bool moves(const struct access *a, int loop) { return a->space == SPACE_LOCAL || a->around[loop] != 0; }

static bool writes_apart(const struct kernel *k, int loop) {
  if (k->kind == KERNEL_CONTRACTION) return moves(&k->contraction.c, loop);
  for (int i = 0; i < k->loop.store_count; i++)
    if (!moves(&k->loop.accesses[k->loop.stores[i].access], loop)) return false;
  return true;
}

bool chain_is_parallel(const struct chain *c, int loop) {
  for (int i = 0; i < c->count; i++)
    if (!writes_apart(c->steps[i].kernel, loop)) return false;
  return true;
}

/* ---- functions ---- */

static void print_steps(const struct printer *w, const struct step *steps, int count);

static void print_inner_steps(const struct printer *w, const struct step *s) {
  struct printer inner = {w->out, w->places, w->indent + 2};
  line_begin(w);
  if (s->kind == STEP_REPEAT) {
    fprintf(w->out, "repeat %" PRId64 " {\n", s->repeat.trips);
    print_steps(&inner, s->repeat.steps, s->repeat.count);
  } else {
    fputs("chain ", w->out);
    print_extents(w, s->chain.loop, s->chain.loop_count);
    fputs(" {\n", w->out);
    print_steps(&inner, s->chain.steps, s->chain.count);
  }
  line_begin(w);
  fputs("}\n", w->out);
}

static void print_steps(const struct printer *w, const struct step *steps, int count) {
  for (int i = 0; i < count; i++) {
    const struct step *s = &steps[i];
    fputc('\n', w->out);
    if (s->kind == STEP_KERNEL) {
      if (s->kernel->origin) fprintf(w->out, "%*s# %s\n", w->indent, "", s->kernel->origin);
      print_kernel(w, s->kernel);
      continue;
    }
    print_inner_steps(w, s);
  }
}

void kernel_print(const struct function *f, FILE *out) {
  struct printer w = {.out = out, .places = true};
  fprintf(out, "function %s: arena %" PRId64 " bytes, %" PRId64 " live at most\n", f->name, f->arena_bytes,
          f->peak_bytes);
  print_steps(&w, f->steps, f->count);
}

static int64_t extent_length(struct extent e, int64_t n) { return e.per_example ? e.count * n : e.count; }

int64_t chain_trips(const struct chain *c, int64_t n) {
  int64_t trips = 1;
  for (int i = 0; i < c->loop_count; i++) trips *= extent_length(c->loop[i], n);
  return trips;
}

/* --report: what a compiled model needs. */
#include "report.h"

#include <string.h>

static double setting(const struct policy *p, const char *name) {
  for (int i = 0; i < p->count; i++)
    if (!strcmp(p->settings[i].name, name)) return p->settings[i].number;
  return 0;
}

/* Values that an optimiser keeps for each weight: runtime/optimizer.h. */
static int optimizer_values(const struct policy *group) {
  if (!strncmp(group->kind, "adam", 4)) return 2;
  return !strcmp(group->kind, "sgd") && setting(group, "momentum") > 0;
}

static int64_t symbol_bytes(const struct symbol *s) { return type_elements(&s->type) * dtype_size(s->type.dtype); }

static int64_t state_bytes(const struct program *p) {
  int64_t bytes = 0;
  for (int i = 0; i < p->tensor_count; i++)
    if (p->tensors[i].symbol->role == ROLE_STATE) bytes += symbol_bytes(p->tensors[i].symbol);
  return bytes;
}

static void weight_bytes(const struct program *p, int64_t *weights, int64_t *optimizer) {
  *weights = *optimizer = 0;
  for (int i = 0; i < p->weight_count; i++) {
    const struct weight *w = p->weights[i];
    *weights += symbol_bytes(w->symbol);
    if (w->group >= 0) *optimizer += symbol_bytes(w->symbol) * optimizer_values(&p->groups[w->group]);
  }
  if (p->ema > 0) *optimizer += p->weight_bytes;
}

static void line(FILE *out, const char *what, int64_t bytes, const char *scope) {
  fprintf(out, "%-12s %14lld bytes  %s\n", what, (long long)bytes, scope);
}

void report_memory(const struct compilation *c, FILE *out) {
  int64_t weights, optimizer;
  weight_bytes(c->program, &weights, &optimizer);
  line(out, "weights", weights, "parameters and buffers");
  line(out, "packed", c->plan->shared_bytes, "what is computed from weights alone, once a step");
  line(out, "optimiser", optimizer, c->program->ema > 0 ? "its state and the averaged weights" : "its state");
  line(out, "gradients", c->program->weight_bytes, "a thread");
  line(out, "states", state_bytes(c->program), "an example");
  line(out, "activations", c->plan->train.arena_bytes,
       arena_printf(c->arena, "a thread, tile of %lld examples, training step", (long long)c->plan->tile));
}

void report_time(const struct compilation *c, FILE *out) {
  for (int i = 0; i < c->timing_count; i++)
    fprintf(out, "%-10s %8.1f ms\n", c->timings[i].stage, 1e3 * c->timings[i].seconds);
}

/* --report: what a compiled model needs. */
#include "report.h"

#include "../cost.h"

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

static int64_t symbol_bytes(const struct symbol *s) { return type_bytes(&s->type); }

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

static void report_memory(const struct compilation *c, FILE *out) {
  int64_t weights, optimizer;
  weight_bytes(c->program, &weights, &optimizer);
  line(out, "weights", weights, "parameters and buffers");
  line(out, "packed", c->plan->shared_bytes, "what is computed from weights alone, once a step");
  line(out, "optimiser", optimizer, c->program->ema > 0 ? "its state and the averaged weights" : "its state");
  line(out, "gradients", c->program->weight_bytes, "a thread");
  line(out, "states", state_bytes(c->program), "an example");
  line(out, "activations", c->plan->train.arena_bytes + c->plan->train.local_bytes,
       arena_printf(c->arena, "a thread, tile of %lld examples, training step", (long long)c->plan->tile));
}

static void report_time(const struct compilation *c, FILE *out) {
  for (int i = 0; i < c->timing_count; i++)
    fprintf(out, "%-10s %8.1f ms\n", c->timings[i].stage, 1e3 * c->timings[i].seconds);
}

/* ---- FLOPs and kernels ---- */

static int64_t trained_parameters(const struct program *p) {
  int64_t count = 0;
  for (int i = 0; i < p->weight_count; i++)
    if (p->weights[i]->symbol->role == ROLE_PARAM) count += type_elements(&p->weights[i]->symbol->type);
  return count;
}

static void flops_line(FILE *out, const char *what, double flops, const char *scope) {
  fprintf(out, "%-12s %14.0f FLOPs  %s\n", what, flops, scope);
}

static void report_flops(const struct compilation *c, FILE *out) {
  fprintf(out, "%-12s %14lld        %s\n", "parameters", (long long)trained_parameters(c->program),
          "sparse tables included");
  flops_line(out, "forward", c->plan->forward_flops, "an example, one segment");
  flops_line(out, "train", c->plan->train_flops,
             "an example, one step: the segment, its gradient, the next segment's target");
}

static void count_calls(const struct step *steps, int count, int64_t times, int64_t *calls) {
  for (int i = 0; i < count; i++) {
    if (steps[i].kind == STEP_REPEAT)
      count_calls(steps[i].repeat.steps, steps[i].repeat.count, times * steps[i].repeat.trips, calls);
    else if (steps[i].kind == STEP_CHAIN)
      calls[steps[i].chain.form] += times;
    else
      calls[steps[i].kernel->form] += times;
  }
}

static const char *register_tile(const struct compilation *c, const struct kernel *k) {
  if (!k || k->kind == KERNEL_LOOP) return "-";
  struct extent rows = k->contraction.m;
  int64_t most = rows.per_example ? rows.count * c->plan->tile : rows.count;
  enum dtype result = k->contraction.c.dtype, sum = dtype_is_bf16(result) ? DTYPE_F32 : result;
  struct register_tile tile = machine_register_tile(&c->machine, most);
  int lanes = c->machine.vector_bytes / dtype_size(sum);
  return arena_printf(c->arena, "%dx%d", tile.rows, tile.vectors * lanes);
}

static void kernels_of(const struct compilation *c, const struct function *f, FILE *out) {
  int64_t n = c->plan->tile, *calls = arena_new_array(c->arena, int64_t, (size_t)c->plan->form_count + 1);
  count_calls(f->steps, f->count, 1, calls);
  fprintf(out, "%-8s %-34s %6s %12s %12s %7s %6s  %s\n", f->name, "kernel", "calls", "FLOPs", "bytes", "tile", "peak",
          "origin");
  for (int i = 0; i < c->plan->form_count; i++) {
    const struct kernel_form *form = &c->plan->forms[i];
    struct kernel_cost cost = form_cost(form, &c->machine, n);
    if (calls[i] == 0) continue;
    const char *origin = form->kernel ? form->kernel->origin : form->chain->steps[0].kernel->origin;
    fprintf(out, "%-8s %-34s %6lld %12.6g %12.6g %7s %5.0f%%  %s\n", "", form->name, (long long)calls[i], cost.flops,
            cost.bytes, register_tile(c, form->kernel), 100 * cost.flops / cost.cycles / cost_peak(&c->machine),
            origin ? origin : "");
  }
}

/* One call of each kernel on a whole tile; `peak` is the share of the machine's multiply-adds that is expected. */
static void report_kernels(const struct compilation *c, FILE *out) {
  fprintf(out, "tile of %lld examples; expected of a training step, cycles an example:", (long long)c->plan->tile);
  for (int i = 0; i < COST_TILES; i++)
    fprintf(out, " %.4g (tile %lld)", tile_cycles(&c->plan->train, &c->machine, cost_tiles[i]),
            (long long)cost_tiles[i]);
  fputc('\n', out);
  kernels_of(c, &c->plan->pack, out);
  kernels_of(c, &c->plan->prepare, out);
  kernels_of(c, &c->plan->forward, out);
  kernels_of(c, &c->plan->train, out);
}

void report(const struct compilation *c, enum report_kind kind, FILE *out) {
  static void (*const reports[])(const struct compilation *, FILE *) = {[REPORT_FLOPS] = report_flops,
                                                                        [REPORT_MEMORY] = report_memory,
                                                                        [REPORT_KERNELS] = report_kernels,
                                                                        [REPORT_TIME] = report_time};
  if (c->options->reports >> kind & 1) reports[kind](c, out);
}

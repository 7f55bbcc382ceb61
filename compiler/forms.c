/* plan_forms: equal kernels get one number. */
#include "plan.h"

#include <string.h>

struct forms {
  struct arena *arena;
  struct plan *plan;
  int capacity;
};

static const char *name_of(struct arena *a, const struct kernel *k, int number) {
  if (!k) return arena_printf(a, "chain_%d", number);
  const struct contraction *c = &k->contraction;
  if (k->kind == KERNEL_LOOP) return arena_printf(a, "loop_%d", number);
  return arena_printf(a, "contract_%d_m%lld_n%lld_k%lld", number, (long long)c->m.count, (long long)c->n.count,
                      (long long)c->k.count);
}

static int form_of(struct forms *f, const struct kernel *k, const struct chain *chain, const char *signature) {
  struct plan *plan = f->plan;
  for (int i = 0; i < plan->form_count; i++)
    if (strcmp(plan->forms[i].signature, signature) == 0) return i;
  struct kernel_form form = {k, chain, signature, name_of(f->arena, k, plan->form_count)};
  arena_push(f->arena, plan->forms, plan->form_count, f->capacity, form);
  return plan->form_count - 1;
}

static void number_steps(struct forms *f, struct step *steps, int count);

/* A chain is what its loops and kernels are. */
static void number_chain(struct forms *f, struct chain *c) {
  const char *signature = "chain";
  number_steps(f, c->steps, c->count);
  for (int i = 0; i < c->loop_count; i++)
    signature = arena_printf(f->arena, "%s %lld", signature, (long long)c->loop[i].count);
  for (int i = 0; i < c->count; i++) signature = arena_printf(f->arena, "%s:%d", signature, c->steps[i].kernel->form);
  c->form = form_of(f, NULL, c, signature);
}

static void number_steps(struct forms *f, struct step *steps, int count) {
  for (int i = 0; i < count; i++) {
    struct kernel *k = steps[i].kernel;
    switch (steps[i].kind) {
    case STEP_KERNEL: k->form = form_of(f, k, NULL, kernel_signature(f->arena, k)); break;
    case STEP_REPEAT: number_steps(f, steps[i].repeat.steps, steps[i].repeat.count); break;
    case STEP_CHAIN: number_chain(f, &steps[i].chain); break;
    }
  }
}

void plan_forms(struct arena *a, struct plan *plan) {
  struct forms f = {.arena = a, .plan = plan};
  number_steps(&f, plan->pack.steps, plan->pack.count);
  number_steps(&f, plan->prepare.steps, plan->prepare.count);
  number_steps(&f, plan->forward.steps, plan->forward.count);
  number_steps(&f, plan->train.steps, plan->train.count);
  number_steps(&f, plan->trace.steps, plan->trace.count);
}

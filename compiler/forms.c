/* plan_forms: equal kernels get one number. */
#include "plan.h"

#include <string.h>

struct forms {
  struct arena *arena;
  struct plan *plan;
  int capacity;
};

static const char *name_of(struct arena *a, const struct kernel *k, int number) {
  const struct contraction *c = &k->contraction;
  if (k->kind == KERNEL_LOOP) return arena_printf(a, "loop_%d", number);
  return arena_printf(a, "contract_%d_m%lld_n%lld_k%lld", number, (long long)c->m.count, (long long)c->n.count,
                      (long long)c->k.count);
}

static int form_of(struct forms *f, const struct kernel *k) {
  struct plan *plan = f->plan;
  const char *signature = kernel_signature(f->arena, k);
  for (int i = 0; i < plan->form_count; i++)
    if (strcmp(plan->forms[i].signature, signature) == 0) return i;
  struct kernel_form form = {k, signature, name_of(f->arena, k, plan->form_count)};
  arena_push(f->arena, plan->forms, plan->form_count, f->capacity, form);
  return plan->form_count - 1;
}

static void number_steps(struct forms *f, struct step *steps, int count) {
  for (int i = 0; i < count; i++) {
    if (steps[i].kind == STEP_REPEAT)
      number_steps(f, steps[i].repeat.steps, steps[i].repeat.count);
    else if (steps[i].kind == STEP_CHAIN)
      number_steps(f, steps[i].chain.steps, steps[i].chain.count);
    else
      steps[i].kernel->form = form_of(f, steps[i].kernel);
  }
}

void plan_forms(struct arena *a, struct plan *plan) {
  struct forms f = {.arena = a, .plan = plan};
  number_steps(&f, plan->prepare.steps, plan->prepare.count);
  number_steps(&f, plan->forward.steps, plan->forward.count);
  number_steps(&f, plan->train.steps, plan->train.count);
}

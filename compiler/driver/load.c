#include "load.h"

#include <string.h>

/* A symbol's address as a function. */
static hrm_entry *entry(struct jit *j, const char *name) {
  void *address = jit_symbol(j, name);
  hrm_entry *function;
  memcpy(&function, &address, sizeof function);
  return function;
}

struct jit *load_model(struct compilation *c, struct hrm_code *out) {
  struct emitted object;
  const char *error = NULL;
  if (!compile_emit(c, EMIT_OBJECT, &object)) return NULL;
  if (c->options->openblas && !jit_load_openblas()) error = "libopenblas.so.0 is not installed";
  struct jit *j = error ? NULL : jit_load(object.bytes, object.size, &error);
  emitted_free(&object);
  if (!j) {
    diag_report(c->diags, MSG_JIT_FAILED, (struct span){0}, error);
    return NULL;
  }
  *out = (struct hrm_code){c->description, entry(j, "hrm_model_prepare"), entry(j, "hrm_model_forward"),
                           entry(j, "hrm_model_train"), entry(j, "hrm_model_trace")};
  return j;
}

/* Kernels as functions. */
#include "emission.h"

int kernel_accesses(struct arena *a, const struct kernel *k, const struct access **accesses) {
  if (k->kind == KERNEL_LOOP) {
    *accesses = k->loop.accesses;
    return k->loop.access_count;
  }
  struct access *three = arena_new_array(a, struct access, 3);
  three[0] = k->contraction.a;
  three[1] = k->contraction.b;
  three[2] = k->contraction.c;
  *accesses = three;
  return 3;
}

LLVMTypeRef kernel_type(struct codegen *g, const struct kernel *k) {
  int bases = k->kind == KERNEL_LOOP ? k->loop.access_count : 3, count = bases + KERNEL_FIRST_BASE;
  LLVMTypeRef *parameters = arena_new_array(g->arena, LLVMTypeRef, (size_t)count);
  for (int i = 0; i < count; i++)
    parameters[i] = i < KERNEL_FIRST_BASE ? LLVMInt64TypeInContext(g->context) : g->pointer_type;
  return LLVMFunctionType(LLVMVoidTypeInContext(g->context), parameters, (unsigned)count, false);
}

static void emit_body(struct codegen *g, const struct kernel *k) {
  if (k->kind == KERNEL_CONTRACTION && g->openblas && blas_can(g, &k->contraction))
    emit_blas(g, &k->contraction);
  else if (k->kind == KERNEL_CONTRACTION)
    emit_contraction(g, &k->contraction);
  else if (loop_is_transposition(&k->loop))
    emit_transposition(g, &k->loop);
  else
    emit_loop(g, &k->loop);
}

LLVMValueRef emit_kernel(struct codegen *g, const struct kernel *k, const char *name) {
  LLVMValueRef function = function_open(g, name, kernel_type(g, k));
  g->member = LLVMGetParam(function, 1);
  g->members = LLVMGetParam(function, 2);
  g->is_shared = false;
  emit_body(g, k);
  function_close(g);
  return function;
}

#include "module.h"

const struct code_generator hrmc_code_generator = {
    .emit_plan = emit_plan,
    .emitted_free = emitted_free,
    .emit_resolve = emit_resolve,
    .jit_load = jit_load,
    .jit_load_openblas = jit_load_openblas,
    .jit_symbol = jit_symbol,
    .jit_free = jit_free,
    .engine_new = engine_new,
    .engine_free = engine_free,
    .engine_machine = engine_machine,
    .engine_target = engine_target,
    .engine_load = engine_load,
    .engine_unload = engine_unload,
};

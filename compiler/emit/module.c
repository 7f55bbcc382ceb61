#include "module.h"

const struct code_generator hrmc_code_generator = {
    .emit_plan = emit_plan,
    .emit_objects = emit_objects,
    .emit_resolve = emit_resolve,
    .emit_load_openblas = emit_load_openblas,
    .engine_new = engine_new,
    .engine_free = engine_free,
    .engine_machine = engine_machine,
    .engine_target = engine_target,
    .engine_load = engine_load,
    .engine_unload = engine_unload,
};

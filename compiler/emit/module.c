#include "module.h"

const struct code_generator hrmc_code_generator = {
    .emit_plan = emit_plan,
    .emitted_free = emitted_free,
    .emit_objects = emit_objects,
    .emitted_objects_free = emitted_objects_free,
    .emit_resolve = emit_resolve,
    .emit_load_openblas = emit_load_openblas,
    .engine_new = engine_new,
    .engine_free = engine_free,
    .engine_machine = engine_machine,
    .engine_target = engine_target,
    .engine_load = engine_load,
    .engine_unload = engine_unload,
};

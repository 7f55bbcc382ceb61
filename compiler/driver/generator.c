/* The functions of emit.h and engine.h for hrmc: the code generator is a module, which emit_open loads. */
#include "../emit/module.h"
#include "paths.h"

#include <dlfcn.h>

static const struct code_generator *loaded; /* as long as the process */

bool emit_open(struct arena *a, const char **error) {
  const char *path = paths_code_generator(a);
  *error =
      "it is neither beside hrmc, nor in ../lib/hrmc of its folder, nor in the folder that hrmc was configured for";
  if (loaded || !path) return loaded;
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  loaded = module ? dlsym(module, CODE_GENERATOR_SYMBOL) : NULL;
  if (!loaded) *error = arena_strdup(a, dlerror());
  return loaded;
}

bool emit_plan(struct arena *a, const struct plan *plan, const char *description, const struct target *target,
               enum emit_form form, struct emitted *out, const char **error) {
  return loaded->emit_plan(a, plan, description, target, form, out, error);
}

bool emit_objects(struct arena *a, const struct plan *plan, const char *description, const struct target *target,
                  struct emitted_objects *out, const char **error) {
  return loaded->emit_objects(a, plan, description, target, out, error);
}

bool emit_resolve(struct arena *a, const struct target *wanted, struct target *resolved, struct machine *machine,
                  const char **error) {
  return loaded->emit_resolve(a, wanted, resolved, machine, error);
}

bool emit_load_openblas(void) { return loaded->emit_load_openblas(); }

struct engine *engine_new(struct arena *a, const struct target *wanted, const char **error) {
  return loaded->engine_new(a, wanted, error);
}

void engine_free(struct engine *e) {
  if (e) loaded->engine_free(e);
}

const struct machine *engine_machine(const struct engine *e) { return loaded->engine_machine(e); }

const struct target *engine_target(const struct engine *e) { return loaded->engine_target(e); }

bool engine_load(struct engine *e, struct arena *a, const struct plan *plan, struct loaded_code *out,
                 const char **error) {
  return loaded->engine_load(e, a, plan, out, error);
}

void engine_unload(struct engine *e, struct loaded_code *code) {
  if (e) loaded->engine_unload(e, code);
}

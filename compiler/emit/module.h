/* The code generator as a module: hrmc-llvm.so holds all of this folder and is loaded when code is generated for the
 * first time (driver/generator.c).  Loading LLVM takes longer than checking or formatting a file, which need none. */
#ifndef HRMC_EMIT_MODULE_H
#define HRMC_EMIT_MODULE_H

#include "emit.h"
#include "engine.h"

/* The functions of emit.h and engine.h. */
struct code_generator {
  bool (*emit_plan)(struct arena *, const struct plan *, const char *, const struct target *, enum emit_form,
                    struct emitted *, const char **);
  bool (*emit_objects)(struct arena *, const struct plan *, const char *, const struct target *,
                       struct emitted_objects *, const char **);
  bool (*emit_resolve)(struct arena *, const struct target *, struct target *, struct machine *, const char **);
  bool (*emit_load_openblas)(void);
  struct engine *(*engine_new)(struct arena *, const struct target *, const char **);
  void (*engine_free)(struct engine *);
  const struct machine *(*engine_machine)(const struct engine *);
  const struct target *(*engine_target)(const struct engine *);
  bool (*engine_load)(struct engine *, struct arena *, const struct plan *, struct loaded_code *, const char **);
  void (*engine_unload)(struct engine *, struct loaded_code *);
};

#define CODE_GENERATOR_MODULE "hrmc-llvm.so"
#define CODE_GENERATOR_SYMBOL "hrmc_code_generator"
extern const struct code_generator hrmc_code_generator; /* in the module */

#endif

/* The whole way from a file to machine code. */
#ifndef HRMC_DRIVER_COMPILE_H
#define HRMC_DRIVER_COMPILE_H

#include "../elaborate.h"
#include "../emit/emit.h"
#include "../emit/engine.h"
#include "options.h"

struct executable; /* driver/execute.h */

struct compilation {
  struct arena *arena;
  struct diags *diags;
  const struct options *options;
  const struct source *source;
  const struct source *edited; /* stands for the file of its name, or NULL */
  const struct ast_file *ast;
  const struct program *program;
  const char *after; /* the last pass to run; NULL: all */
  bool skips_trace;  /* it is not compiled: nobody will ask for it */
  const struct graph *forward, *train, *trace;
  struct target target; /* resolved */
  struct machine machine;
  int64_t former_tile; /* of the model as it was compiled before; 0: it was not */
  const struct plan *plan;
  const char *description;
  struct timing {
    const char *stage;
    double seconds;
  } timings[24];
  int timing_count;
  bool (*run)(struct executable *x); /* in place of execute_run, at the prompt; false: interrupted */
  bool was_interrupted;
  struct engine *engine;     /* opened by compile_open_engine; the owner of the compilation frees it */
  struct loaded_code loaded; /* by compile_load */
};

/* The stages; each reports to c->diags and returns false after an error.  A later one needs the earlier. */
bool compile_front(struct compilation *c, const char *path); /* read, parse, bind, elaborate */
bool compile_parse(struct compilation *c, const char *path); /* read and parse alone */
bool compile_elaborate(struct compilation *c);               /* bind and elaborate what was parsed */
bool compile_train(
    struct compilation *c); /* the passes over train alone, verified one by one, and what they warn of */
bool compile_graphs(struct compilation *c); /* the same, and forward and trace */
bool compile_plan(struct compilation *c);
bool compile_emit(struct compilation *c, enum emit_form form, struct emitted *out); /* as one file */
bool compile_objects(struct compilation *c, struct emitted_objects *out);           /* to be linked */
bool compile_load(struct compilation *c, struct hrm_code *out); /* into this process; valid as long as c->engine */

/* Opens c->engine, for code that runs in this process, unless it is open.  False: reported. */
bool compile_open_engine(struct compilation *c);

/* One pass over graphs, in the order in which they run. */
struct pass {
  const char *name;
  struct graph *(*function)(const struct graph *);
  enum { FOR_ALL, FOR_BF16 } precision; /* with which --precision it runs */
};
extern const struct pass compile_passes[];
int compile_pass_count(void);

/* All passes over one graph; NULL after a bug (reported).  `after`: the last pass to run, or NULL for all. */
const struct graph *compile_run_passes(struct compilation *c, const struct graph *g, const char *after);

/* Whether --data binds a config of this name. */
bool compile_data_binds(const char *config);

/* The elaboration request of a parsed file, for tests. */
bool compile_request(struct compilation *c, struct elaboration *request);

#endif

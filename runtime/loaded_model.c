#include "runtime/loaded_model.h"

#include <stdlib.h>

#include "runtime/footprint.h"
#include "runtime/run.h"

static bool load(struct loaded_model *s, struct checkpoint_use use, struct hrm_error *error) {
  struct tensor_file file;
  if (!checkpoint_open(&file, s->checkpoint, s->model.description, error)) return false;
  bool loaded = checkpoint_load(&s->model, &file, use, error);
  s->settings = checkpoint_settings(&file);
  tensor_file_close(&file);
  return loaded;
}

bool loaded_model_open(struct loaded_model *s, const struct hrm_code *code, const struct description *d,
                       const char *path, struct checkpoint_use use, int threads, int64_t batch,
                       struct hrm_error *error) {
  const struct footprint needed = footprint_of(d, &(struct footprint_options){.batch = batch, .threads = threads});
  *s = (struct loaded_model){.checkpoint = run_resolve_checkpoint(path, error)};
  if (s->checkpoint && footprint_check(&needed, footprint_available(), error) &&
      model_new(&s->model, code, d, threads, false, error) && load(s, use, error) &&
      slots_new(&s->slots, d, batch, error)) {
    return true;
  }
  loaded_model_close(s);
  return false;
}

void loaded_model_close(struct loaded_model *s) {
  slots_free(&s->slots);
  model_free(&s->model);
  json_decref(s->settings);
  free(s->checkpoint);
  *s = (struct loaded_model){0};
}

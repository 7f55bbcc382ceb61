/* Checkpoints of the hand-written model: loaded as weights, and resumed as a run that then makes a step. */
#include "runtime/checkpoint.h"
#include "tests/fake_data.h"
#include "tests/fake_model.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* libFuzzer hands no context from one input to the next, and making all this takes far longer than a step. */
static struct run {
  bool ready;
  struct description description;
  struct settings settings;
  struct dataset dataset;
  struct trainer trainer;
} run;

static void must(bool done, const struct hrm_error *error) {
  if (done) return;
  fprintf(stderr, "%s\n", error->text);
  exit(1);
}

static void make_dataset(struct hrm_error *error) {
  char folder[] = "/dev/shm/hrm-fuzz-XXXXXX", command[64];
  if (!mkdtemp(folder)) perror(folder), exit(1);
  must(fake_data_write(folder, 4, error), error);
  must(dataset_open(&run.dataset, folder, "train", error), error);
  snprintf(command, sizeof command, "rm -r %s", folder);
  if (system(command) != 0) exit(1);
}

static void prepare(void) {
  struct hrm_error error;
  if (run.ready) return;
  make_dataset(&error);
  must(fake_description(&run.description, NULL, &error), &error);
  must(settings_new(&run.settings, &run.description, &error), &error);
  run.settings.batch = 2;
  run.settings.threads = 1;
  must(trainer_new(&run.trainer, &fake_code, &run.description, &run.settings, &run.dataset, &error), &error);
  run.ready = true;
}

static void use(const struct tensor_file *file) {
  struct hrm_error error;
  struct settings settings;
  json_t *json = checkpoint_settings(file);
  if (json && settings_from_json(&settings, json, &run.description, "fuzz", &error)) settings_free(&settings);
  json_decref(json);
  checkpoint_load(&run.trainer.model, file, (struct checkpoint_use){.averaged = true}, &error);
  trainer_start(&run.trainer);
  if (checkpoint_resume(&run.trainer, file, &error)) trainer_step(&run.trainer, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  char path[FUZZ_PATH];
  struct tensor_file file;
  struct hrm_error error;
  prepare();
  int descriptor = fuzz_file(path, bytes, length);
  if (tensor_file_open(&file, path, &error)) {
    use(&file);
    tensor_file_close(&file);
  }
  close(descriptor);
  return 0;
}

/* Runs a fuzz target on files, or on all files of folders: in place of libFuzzer, in an ordinary test. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seconds for one input; SIGALRM ends the program. */
enum { PATIENCE = 60 };

static uint8_t *read_all(FILE *file, size_t length) {
  uint8_t *bytes = malloc(length ? length : 1);
  if (bytes && fread(bytes, 1, length, file) == length) return bytes;
  free(bytes);
  return NULL;
}

static bool replay_file(const char *path) {
  struct stat status;
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = file && fstat(fileno(file), &status) == 0 ? read_all(file, (size_t)status.st_size) : NULL;
  if (file) fclose(file);
  if (!bytes) return perror(path), false;
  fprintf(stderr, "%s\n", path);
  alarm(PATIENCE);
  LLVMFuzzerTestOneInput(bytes, (size_t)status.st_size);
  alarm(0);
  free(bytes);
  return true;
}

static int is_input(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static int replay_folder(const char *folder, struct dirent **entries, int count) {
  int replayed = 0;
  for (int i = 0; i < count; i++) {
    char *path;
    if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0) exit(1);
    if (!replay_file(path)) exit(1);
    replayed++;
    free(path);
    free(entries[i]);
  }
  return replayed;
}

static int replay(const char *path) {
  struct dirent **entries;
  int count = scandir(path, &entries, is_input, alphasort);
  if (count < 0) return replay_file(path);
  int replayed = replay_folder(path, entries, count);
  free(entries);
  return replayed;
}

int main(int argc, char **argv) {
  int replayed = 0;
  for (int i = 1; i < argc; i++) replayed += replay(argv[i]);
  printf("%d inputs\n", replayed);
  return replayed == 0;
}

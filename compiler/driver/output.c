/* Writing results, beside and renamed. */
#include "output.h"

#include "paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *output_path(const struct compilation *c, const char *suffix) {
  if (c->options->output) return c->options->output;
  const char *name = strrchr(c->source->name, '/');
  name = name ? name + 1 : c->source->name;
  size_t n = strlen(name);
  if (n > 4 && !strcmp(name + n - 4, ".hrm")) n -= 4;
  return arena_printf(c->arena, "%.*s%s", (int)n, name, suffix);
}

static bool report(struct compilation *c, const char *path) {
  diag_report(c->diags, MSG_CANNOT_WRITE, (struct span){0}, path, strerror(errno));
  return false;
}

static bool write_all(FILE *f, const void *bytes, size_t size) {
  bool written = fwrite(bytes, 1, size, f) == size && fflush(f) == 0;
  return written;
}

/* A new file beside `path`; its name ends in the process's number. */
static char *beside(struct compilation *c, const char *path, const char *suffix) {
  return arena_printf(c->arena, "%s.%ld%s", path, (long)getpid(), suffix);
}

bool output_write(struct compilation *c, const char *path, const void *bytes, size_t size) {
  if (!strcmp(path, "-")) return write_all(stdout, bytes, size) || report(c, "standard output");
  const char *temporary = beside(c, path, ".tmp");
  FILE *f = fopen(temporary, "wb");
  if (!f) return report(c, path);
  bool ok = write_all(f, bytes, size);
  int cause = errno;
  ok = (fclose(f) == 0) && ok;
  if (ok && rename(temporary, path) == 0) return true;
  if (!ok) errno = cause;
  report(c, path);
  unlink(temporary);
  return false;
}

/* Runs the linker with the words of a command; its messages go to standard error. */
static bool run(struct compilation *c, const char *command) {
  char *words[128], *text = arena_strdup(c->arena, command);
  int count = 0;
  for (char *word = strtok(text, " "); word && count < 127; word = strtok(NULL, " ")) words[count++] = word;
  words[count] = NULL;
  pid_t child = fork();
  if (child == 0) {
    execvp(words[0], words);
    fprintf(stderr, "hrmc: cannot run '%s': %s\n", words[0], strerror(errno));
    _exit(127);
  }
  int status;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool output_link(struct compilation *c, const char *path, const struct emitted *object) {
  const char *library = paths_runtime_library(c->arena);
  if (!library) {
    diag_report(c->diags, MSG_NO_RUNTIME, (struct span){0});
    return false;
  }
  const char *object_path = beside(c, path, ".o"), *temporary = beside(c, path, ".tmp");
  if (!output_write(c, object_path, object->bytes, object->size)) return false;
  const char *command = arena_printf(c->arena, "%s -o %s %s %s %s", paths_linker(), temporary, object_path, library,
                                     paths_runtime_libs());
  bool linked = run(c, command);
  unlink(object_path);
  if (!linked) diag_report(c->diags, MSG_LINK_FAILED, (struct span){0}, path, paths_linker());
  if (linked && rename(temporary, path) == 0) return true;
  if (linked) report(c, path);
  unlink(temporary);
  return false;
}

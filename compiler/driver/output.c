/* Writing results, beside and renamed. */
#include "output.h"

#include "embed.h"
#include "paths.h"
#include "runtime/atomic_file.h"

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
  bool is_hrm = n > 4 && !strcmp(name + n - 4, ".hrm");
  if (is_hrm) return arena_printf(c->arena, "%.*s%s", (int)(n - 4), name, suffix);
  return arena_printf(c->arena, "%s%s", name, *suffix ? suffix : ".out");
}

static bool same_file(const char *a, const char *b) {
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What is written must not take the place of the source. */
static bool may_write(struct compilation *c, const char *path) {
  if (!same_file(path, c->source->name)) return true;
  diag_report(c->diags, MSG_OVERWRITES_SOURCE, (struct span){0}, path);
  return false;
}

static bool report(struct compilation *c, const char *path, const char *cause) {
  diag_report(c->diags, MSG_CANNOT_WRITE, (struct span){0}, path, cause);
  return false;
}

bool output_write(struct compilation *c, const char *path, const void *bytes, size_t size) {
  struct hrm_error error;
  if (!strcmp(path, "-")) {
    bool written = fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0;
    return written || report(c, "standard output", strerror(errno));
  }
  if (!may_write(c, path)) return false;
  if (atomic_write_file(path, bytes, size, &error)) return true;
  diag_report(c->diags, MSG_SYSTEM, (struct span){0}, error.text);
  return false;
}

struct words {
  char **items;
  int count, capacity;
};

static void push(struct compilation *c, struct words *w, const char *word) {
  char *copy = word ? arena_strdup(c->arena, word) : NULL;
  arena_push(c->arena, w->items, w->count, w->capacity, copy);
}

/* Configured commands and flags are separated by spaces; paths are not split. */
static void push_split(struct compilation *c, struct words *w, const char *text) {
  char *copy = arena_strdup(c->arena, text), *rest = NULL;
  for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) push(c, w, word);
}

/* Runs a command; its messages go to standard error. */
static bool run(char **words) {
  pid_t child = fork();
  if (child == 0) {
    execvp(words[0], words);
    fprintf(stderr, "hrmc: cannot run '%s': %s\n", words[0], strerror(errno));
    _exit(127);
  }
  int status;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* An empty file beside `path` that no one else has. */
static char *temporary_beside(struct compilation *c, const char *path, const char *suffix) {
  char *name = arena_printf(c->arena, "%s.XXXXXX%s", path, suffix);
  int file = mkstemps(name, (int)strlen(suffix));
  if (file < 0) {
    report(c, path, strerror(errno));
    return NULL;
  }
  close(file);
  return name;
}

static bool link_words(struct compilation *c, struct words *w, const char *to) {
  push(c, w, NULL);
  if (run(w->items)) return true;
  diag_report(c->diags, MSG_LINK_FAILED, (struct span){0}, to, w->items[0]);
  return false;
}

static bool link_executable(struct compilation *c, const struct words *objects, const char *library, const char *to) {
  struct words w = {0};
  push_split(c, &w, paths_linker());
  push(c, &w, "-o");
  push(c, &w, to);
  for (int i = 0; i < objects->count; i++) push(c, &w, objects->items[i]);
  push(c, &w, library);
  push_split(c, &w, paths_runtime_libs());
  return link_words(c, &w, to);
}

/* The functions of runtime/embed.h under the model's prefix; `exports` is a version script. */
static bool link_library_with(struct compilation *c, const struct words *objects, const char *library,
                              const char *exports, const char *to) {
  struct words w = {0};
  const char *prefix = embed_prefix(c->arena, c->program);
  push_split(c, &w, paths_linker());
  push(c, &w, "-shared");
  push(c, &w, "-o");
  push(c, &w, to);
  for (int i = 0; i < objects->count; i++) push(c, &w, objects->items[i]);
  for (int i = 0; embed_function(i); i++) {
    const char *name = embed_function(i);
    push(c, &w, arena_printf(c->arena, "-Wl,-u,hrm_embed_%s", name));
    push(c, &w, arena_printf(c->arena, "-Wl,--defsym=%s_%s=hrm_embed_%s", prefix, name, name));
  }
  push(c, &w, arena_printf(c->arena, "-Wl,--version-script=%s", exports));
  push(c, &w, library);
  push_split(c, &w, paths_runtime_libs());
  return link_words(c, &w, to);
}

static bool link_library(struct compilation *c, const struct words *objects, const char *library, const char *to) {
  const char *text = embed_exports(c->arena, embed_prefix(c->arena, c->program));
  char *exports = temporary_beside(c, P_tmpdir "/hrmc", ".map");
  bool linked =
      exports && output_write(c, exports, text, strlen(text)) && link_library_with(c, objects, library, exports, to);
  if (exports) unlink(exports);
  return linked;
}

typedef bool link_function(struct compilation *c, const struct words *objects, const char *library, const char *to);

/* The linker keeps the narrow rights of the temporary file. */
static void make_executable(const char *path) {
  mode_t mask = umask(0);
  umask(mask);
  chmod(path, 0777 & ~mask);
}

/* Objects as temporary files, named by `beside`; their paths are pushed even where one could not be written. */
static bool write_objects(struct compilation *c, const struct emitted_objects *objects, const char *beside,
                          struct words *paths) {
  for (int i = 0; i < objects->count; i++) {
    const char *path = temporary_beside(c, beside, ".o");
    if (!path) return false;
    push(c, paths, path);
    if (!output_write(c, path, objects->objects[i].bytes, objects->objects[i].size)) return false;
  }
  return true;
}

static void remove_all(const struct words *paths) {
  for (int i = 0; i < paths->count; i++) unlink(paths->items[i]);
}

/* A device takes what the linker writes; the objects for it are among the temporary files of the system. */
static bool link_to_device(struct compilation *c, const char *path, const struct emitted_objects *objects,
                           const char *library, link_function *link) {
  struct words paths = {0};
  bool done = write_objects(c, objects, P_tmpdir "/hrmc", &paths) && link(c, &paths, library, path);
  remove_all(&paths);
  return done;
}

static bool link_beside(struct compilation *c, const char *path, const struct emitted_objects *objects,
                        const char *library, link_function *link) {
  struct words paths = {0};
  char *linked = temporary_beside(c, path, ".tmp");
  bool done = linked && write_objects(c, objects, path, &paths) && link(c, &paths, library, linked);
  if (done) make_executable(linked);
  if (done && rename(linked, path) != 0) done = report(c, path, strerror(errno));
  remove_all(&paths);
  if (!done && linked) unlink(linked);
  return done;
}

static bool link_as(struct compilation *c, const char *path, const struct emitted_objects *objects,
                    link_function *link) {
  const char *library = paths_runtime_library(c->arena);
  if (!library) {
    diag_report(c->diags, MSG_NO_RUNTIME, (struct span){0});
    return false;
  }
  if (!may_write(c, path)) return false;
  return (is_special_file(path) ? link_to_device : link_beside)(c, path, objects, library, link);
}

bool output_link(struct compilation *c, const char *path, const struct emitted_objects *objects) {
  return link_as(c, path, objects, link_executable);
}

bool output_link_shared(struct compilation *c, const char *path, const struct emitted_objects *objects) {
  return link_as(c, path, objects, link_library);
}

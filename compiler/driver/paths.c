#include "paths.h"

#include "../emit/module.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the running program; NULL where the system does not tell. */
static const char *own_folder(struct arena *a) {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0 || length == sizeof path) return NULL;
  char *slash = memrchr(path, '/', (size_t)length);
  return slash ? arena_strndup(a, path, (size_t)(slash - path)) : NULL;
}

static const char *file_in(struct arena *a, const char *folder, const char *name) {
  if (!folder) return NULL;
  const char *path = arena_printf(a, "%s/%s", folder, name);
  return access(path, R_OK) == 0 ? path : NULL;
}

/* The folder of the libraries of an installed tree that was moved as a whole: as far from the program's folder as was
 * configured.  A program whose folder is not called as configured stands in no such tree. */
static const char *moved_folder(struct arena *a, const char *own) {
  const char *bin = HRMC_BINDIR, *lib = HRMC_PKGLIBDIR;
  size_t same = 0;
  for (size_t i = 0; bin[i] && bin[i] == lib[i]; i++)
    if (bin[i] == '/') same = i;
  size_t length = strlen(own), inner = strlen(bin + same);
  if (length < inner || strcmp(own + length - inner, bin + same) != 0) return NULL;
  return arena_printf(a, "%.*s%s", (int)(length - inner), own, lib + same);
}

/* In a build tree, else in a moved tree, else where it was installed. */
static const char *own_file(struct arena *a, const char *name) {
  const char *own = own_folder(a);
  const char *path = file_in(a, own, name);
  if (!path && own) path = file_in(a, moved_folder(a, own), name);
  return path ? path : file_in(a, HRMC_PKGLIBDIR, name);
}

const char *paths_runtime_library(struct arena *a) {
  const char *chosen = getenv("HRMC_LIBDIR");
  return chosen && *chosen ? file_in(a, chosen, "libhrm.a") : own_file(a, "libhrm.a");
}

const char *paths_code_generator(struct arena *a) { return own_file(a, CODE_GENERATOR_MODULE); }

const char *paths_linker(void) {
  const char *chosen = getenv("HRMC_CC");
  return chosen && *chosen ? chosen : HRMC_LINKER;
}

const char *paths_runtime_libs(void) { return HRMC_RUNTIME_LIBS; }

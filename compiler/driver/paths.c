#include "paths.h"

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

static const char *library_in(struct arena *a, const char *folder) {
  if (!folder) return NULL;
  const char *path = arena_printf(a, "%s/libhrm.a", folder);
  return access(path, R_OK) == 0 ? path : NULL;
}

const char *paths_runtime_library(struct arena *a) {
  const char *chosen = getenv("HRMC_LIBDIR");
  if (chosen && *chosen) return library_in(a, chosen);
  const char *path = library_in(a, own_folder(a));
  return path ? path : library_in(a, HRMC_PKGLIBDIR);
}

const char *paths_linker(void) {
  const char *chosen = getenv("HRMC_CC");
  return chosen && *chosen ? chosen : HRMC_LINKER;
}

const char *paths_runtime_libs(void) { return HRMC_RUNTIME_LIBS; }

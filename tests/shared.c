#include "shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool shared_path(char *out, size_t size, const char *name) {
  const char *folder = getenv("HRM_SHARED"), *top = getenv("top_srcdir");
  if (folder)
    snprintf(out, size, "%s/%s", folder, name);
  else
    snprintf(out, size, "%s/../shared/%s", top ? top : ".", name);
  return access(out, R_OK) == 0;
}

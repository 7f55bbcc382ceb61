#include "runtime/cpu.h"

#include <string.h>

/* Those that code generation uses and that old machines lack; __builtin_cpu_supports wants literals. */
#define CPU_FEATURES(NAME)                                                                                           \
  NAME("sse4.1")                                                                                                     \
  NAME("sse4.2")                                                                                                     \
  NAME("avx")                                                                                                        \
  NAME("avx2")                                                                                                       \
  NAME("fma")                                                                                                        \
  NAME("bmi")                                                                                                        \
  NAME("bmi2")                                                                                                       \
  NAME("avx512f")                                                                                                    \
  NAME("avx512bw")                                                                                                   \
  NAME("avx512cd")                                                                                                   \
  NAME("avx512dq")                                                                                                   \
  NAME("avx512vl")                                                                                                   \
  NAME("avx512vnni")                                                                                                 \
  NAME("avx512bf16")

static bool is_feature(const char *name, size_t length, const char *known) {
  return strlen(known) == length && strncmp(name, known, length) == 0;
}

static bool machine_has(const char *name, size_t length) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#define CPU_ROW(known)                                                                                               \
  if (is_feature(name, length, known)) return __builtin_cpu_supports(known) != 0;
  CPU_FEATURES(CPU_ROW)
#undef CPU_ROW
#else
  (void)is_feature;
#endif
  return true;
}

bool cpu_check(const char *cpu, const char *features, struct hrm_error *error) {
  for (const char *at = features; *at;) {
    size_t length = strcspn(at, ",");
    if (*at == '+' && !machine_has(at + 1, length - 1)) {
      return hrm_fail(
          error, HRM_SYSTEM,
          "compiled for %s, but this machine has no %.*s; compile it here, or with --target-cpu=x86-64-v3 or older",
          cpu, (int)length - 1, at + 1);
    }
    at += length + (at[length] == ',');
  }
  return true;
}

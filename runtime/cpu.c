#include "runtime/cpu.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* Features by LLVM's names.  __builtin_cpu_supports wants literals; it also asks whether the system saves the wide
 * registers. */
#define CPU_FEATURES(NAME)                                                                                           \
  NAME("cmov")                                                                                                       \
  NAME("mmx")                                                                                                        \
  NAME("popcnt")                                                                                                     \
  NAME("sse")                                                                                                        \
  NAME("sse2")                                                                                                       \
  NAME("sse3")                                                                                                       \
  NAME("ssse3")                                                                                                      \
  NAME("sse4.1")                                                                                                     \
  NAME("sse4.2")                                                                                                     \
  NAME("sse4a")                                                                                                      \
  NAME("avx")                                                                                                        \
  NAME("avx2")                                                                                                       \
  NAME("fma")                                                                                                        \
  NAME("fma4")                                                                                                       \
  NAME("xop")                                                                                                        \
  NAME("bmi")                                                                                                        \
  NAME("bmi2")                                                                                                       \
  NAME("aes")                                                                                                        \
  NAME("pclmul")                                                                                                     \
  NAME("gfni")                                                                                                       \
  NAME("vpclmulqdq")                                                                                                 \
  NAME("avx512f")                                                                                                    \
  NAME("avx512bw")                                                                                                   \
  NAME("avx512cd")                                                                                                   \
  NAME("avx512dq")                                                                                                   \
  NAME("avx512vl")                                                                                                   \
  NAME("avx512ifma")                                                                                                 \
  NAME("avx512vbmi")                                                                                                 \
  NAME("avx512vbmi2")                                                                                                \
  NAME("avx512vnni")                                                                                                 \
  NAME("avx512bitalg")                                                                                               \
  NAME("avx512vpopcntdq")                                                                                            \
  NAME("avx512bf16")                                                                                                 \
  NAME("avx512vp2intersect")

enum cpuid_register { EAX, EBX, ECX, EDX };

/* Those that not every compiler's __builtin_cpu_supports knows.  Each needs a feature above where it needs wide
 * registers, so the system need not be asked again. */
static const struct {
  const char *name;
  unsigned leaf, subleaf;
  enum cpuid_register at;
  int bit;
} cpuid_features[] = {
    {"cx16", 1, 0, ECX, 13},
    {"movbe", 1, 0, ECX, 22},
    {"f16c", 1, 0, ECX, 29},
    {"rdrnd", 1, 0, ECX, 30},
    {"fsgsbase", 7, 0, EBX, 0},
    {"rdseed", 7, 0, EBX, 18},
    {"adx", 7, 0, EBX, 19},
    {"clflushopt", 7, 0, EBX, 23},
    {"clwb", 7, 0, EBX, 24},
    {"sha", 7, 0, EBX, 29},
    {"vaes", 7, 0, ECX, 9},
    {"rdpid", 7, 0, ECX, 22},
    {"avx512fp16", 7, 0, EDX, 23},
    {"avxvnni", 7, 1, EAX, 4},
    {"sahf", 0x80000001, 0, ECX, 0},
    {"lzcnt", 0x80000001, 0, ECX, 5},
    {"prfchw", 0x80000001, 0, ECX, 8},
    {"tbm", 0x80000001, 0, ECX, 21},
};

enum { CPUID_FEATURES = sizeof cpuid_features / sizeof *cpuid_features };

static bool is_feature(const char *name, size_t length, const char *known) {
  return strlen(known) == length && strncmp(name, known, length) == 0;
}

static bool cpuid_has(int feature) {
  unsigned registers[4] = {0};
  bool answered = __get_cpuid_count(cpuid_features[feature].leaf, cpuid_features[feature].subleaf, &registers[EAX],
                                    &registers[EBX], &registers[ECX], &registers[EDX]) != 0;
  return answered && (registers[cpuid_features[feature].at] >> cpuid_features[feature].bit & 1) != 0;
}

static bool machine_has(const char *name, size_t length) {
  __builtin_cpu_init();
#define CPU_ROW(known)                                                                                               \
  if (is_feature(name, length, known)) return __builtin_cpu_supports(known) != 0;
  CPU_FEATURES(CPU_ROW)
#undef CPU_ROW
  for (int i = 0; i < CPUID_FEATURES; i++) {
    if (is_feature(name, length, cpuid_features[i].name)) return cpuid_has(i);
  }
  return true;
}
#else
static bool machine_has(const char *name, size_t length) {
  (void)name, (void)length;
  return true;
}
#endif

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

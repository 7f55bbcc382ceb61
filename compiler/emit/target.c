#include "codegen.h"
#include "../diag.h"
#include "runtime/nearest.h"

#include <llvm-c/Target.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Names to suggest for a mistyped cpu; LLVM alone decides which exist. */
static const char *const known_cpus[] = {
    "x86-64",         "x86-64-v2",      "x86-64-v3",      "x86-64-v4",  "nehalem",        "sandybridge",
    "ivybridge",      "haswell",        "broadwell",      "skylake",    "cascadelake",    "cooperlake",
    "skylake-avx512", "icelake-client", "icelake-server", "tigerlake",  "sapphirerapids", "alderlake",
    "raptorlake",     "graniterapids",  "znver1",         "znver2",     "znver3",         "znver4",
    "znver5",         "generic",        "native",         "cortex-a72", "cortex-a76",     "neoverse-n1",
    "neoverse-n2",    "neoverse-v1",    "neoverse-v2",    "apple-m1",
};

/* LLVM reports an unknown cpu or feature on stderr alone, and goes on with a default. */
struct capture {
  FILE *file;
  int saved;
};

static void capture_begin(struct capture *c) {
  fflush(stderr);
  c->file = tmpfile();
  c->saved = c->file ? dup(STDERR_FILENO) : -1;
  if (c->saved >= 0) dup2(fileno(c->file), STDERR_FILENO);
}

/* What was written, cut at the end of its first line. */
static const char *capture_end(struct capture *c, struct arena *a) {
  char line[256] = "";
  if (c->saved >= 0) {
    dup2(c->saved, STDERR_FILENO);
    close(c->saved);
  }
  if (c->file) {
    rewind(c->file);
    if (!fgets(line, sizeof line, c->file)) line[0] = '\0';
    fclose(c->file);
  }
  line[strcspn(line, "\n")] = '\0';
  return arena_strdup(a, line);
}

/* LLVM takes "help" for a wish to see its names. */
static const char *refusal(struct arena *a, const char *said, const char *cpu) {
  if (said[0] && !strstr(said, "processor") && strcmp(cpu, "help"))
    return arena_printf(a, "the target has no such feature: %s", said);
  enum { NAMES = 3, ANY_DISTANCE = 64 };
  const char *nearest[NAMES], *names = "";
  int count = nearest_words(cpu, known_cpus, sizeof known_cpus / sizeof known_cpus[0], ANY_DISTANCE, nearest, NAMES);
  for (int i = 0; i < count; i++) names = arena_printf(a, "%s%s'%s'", names, i ? ", " : "", nearest[i]);
  return arena_printf(a, "unknown cpu '%s'; the nearest names are %s", cpu, names);
}

static LLVMTargetMachineRef machine_create(LLVMTargetRef target, const char *triple, const struct target *t) {
  return LLVMCreateTargetMachine(target, triple, t->cpu, t->features, LLVMCodeGenLevelLess, LLVMRelocPIC,
                                 LLVMCodeModelDefault);
}

/* A target machine for names that come from the user, which LLVM must know. */
static LLVMTargetMachineRef machine_create_checked(struct arena *a, LLVMTargetRef target, const char *triple,
                                                   const struct target *t, const char **error) {
  struct capture capture;
  capture_begin(&capture);
  LLVMTargetMachineRef machine = machine_create(target, triple, t);
  const char *said = capture_end(&capture, a);
  if (t->cpu[0] && !said[0]) return machine;
  *error = refusal(a, said, t->cpu);
  if (machine) LLVMDisposeTargetMachine(machine);
  return NULL;
}

/* What the assembly of this shows: which instructions a multiply-add of 16 lanes and their rounding to bf16 take. */
static void probe_function(LLVMModuleRef module, LLVMContextRef context) {
  LLVMTypeRef vector = LLVMVectorType(LLVMFloatTypeInContext(context), 16);
  LLVMTypeRef rounded = LLVMVectorType(LLVMBFloatTypeInContext(context), 16);
  LLVMTypeRef parameters[] = {vector, vector, vector, LLVMPointerTypeInContext(context, 0)};
  LLVMTypeRef type = LLVMFunctionType(vector, parameters, 4, false);
  LLVMValueRef function = LLVMAddFunction(module, "probe", type);
  LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
  LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, function, ""));
  unsigned id = LLVMLookupIntrinsicID("llvm.fma", 8);
  LLVMValueRef operands[4];
  LLVMGetParams(function, operands);
  LLVMValueRef fma = LLVMGetIntrinsicDeclaration(module, id, &vector, 1);
  LLVMValueRef sum = LLVMBuildCall2(builder, LLVMIntrinsicGetType(context, id, &vector, 1), fma, operands, 3, "");
  LLVMBuildStore(builder, LLVMBuildFPTrunc(builder, sum, rounded, ""), operands[3]);
  LLVMBuildRet(builder, sum);
  LLVMDisposeBuilder(builder);
}

static void probe_read(const char *assembly, struct machine *m) {
  m->fma = !strstr(assembly, "fmaf");
  m->avx512 = strstr(assembly, "zmm") != NULL;
  m->bf16 = strstr(assembly, "vcvtneps2bf16\t%zmm") != NULL;
  m->vector_bytes = m->avx512 ? 64 : strstr(assembly, "ymm") ? 32 : 16;
  bool is_older_x86 = !m->avx512 && (strstr(assembly, "xmm") || strstr(assembly, "ymm"));
  m->vector_registers = is_older_x86 ? 16 : 32;
}

/* Sizes of caches are known of this machine alone. */
static void find_caches(struct machine *m, bool native) {
  struct machine generic = machine_generic();
  long l1 = native ? sysconf(_SC_LEVEL1_DCACHE_SIZE) : 0, l2 = native ? sysconf(_SC_LEVEL2_CACHE_SIZE) : 0;
  m->l1_bytes = l1 > 0 ? l1 : generic.l1_bytes;
  m->l2_bytes = l2 > 0 ? l2 : generic.l2_bytes;
}

/* Asks the code generator: the C interface has no query for the features of a cpu. */
static bool probe(struct arena *a, LLVMTargetMachineRef machine, const char *triple, struct machine *m,
                  const char **error) {
  LLVMContextRef context = LLVMContextCreate();
  LLVMModuleRef module = LLVMModuleCreateWithNameInContext("probe", context);
  LLVMSetTarget(module, triple);
  probe_function(module, context);
  LLVMMemoryBufferRef assembly = NULL;
  char *message = NULL;
  bool failed = LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMAssemblyFile, &message, &assembly);
  if (failed) {
    *error = arena_printf(a, "the target cannot be used: %s", message);
    LLVMDisposeMessage(message);
  } else {
    probe_read(LLVMGetBufferStart(assembly), m);
    LLVMDisposeMemoryBuffer(assembly);
  }
  LLVMDisposeModule(module);
  LLVMContextDispose(context);
  return !failed;
}

struct target emit_host(struct arena *a) {
  char *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
  struct target host = {.cpu = arena_strdup(a, cpu), .features = arena_strdup(a, features)};
  LLVMDisposeMessage(cpu);
  LLVMDisposeMessage(features);
  return host;
}

static struct target resolve(struct arena *a, const struct target *wanted) {
  struct target host = emit_host(a);
  bool native = !wanted->cpu || strcmp(wanted->cpu, "native") == 0;
  if (native && !wanted->features) return host;
  if (native)
    return (struct target){.cpu = host.cpu, .features = arena_printf(a, "%s,%s", host.features, wanted->features)};
  return (struct target){.cpu = wanted->cpu, .features = wanted->features ? wanted->features : ""};
}

LLVMTargetMachineRef target_open(struct arena *a, const struct target *wanted, struct target *resolved,
                                 struct machine *machine, const char **error) {
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  char *triple = LLVMGetDefaultTargetTriple(), *message = NULL;
  LLVMTargetRef target = NULL;
  LLVMTargetMachineRef opened = NULL;
  *resolved = resolve(a, wanted);
  if (LLVMGetTargetFromTriple(triple, &target, &message)) {
    *error = arena_printf(a, "no code generator for %s: %s", triple, message);
    LLVMDisposeMessage(message);
  } else if (wanted->cpu || wanted->features) {
    opened = machine_create_checked(a, target, triple, resolved, error);
  } else {
    opened = machine_create(target, triple, resolved);
  }
  if (opened && !probe(a, opened, triple, machine, error)) {
    LLVMDisposeTargetMachine(opened);
    opened = NULL;
  }
  bool native = !wanted->cpu || strcmp(wanted->cpu, "native") == 0;
  if (opened) find_caches(machine, native);
  if (opened && !native) resolved->features = target_features(a, opened, triple);
  LLVMDisposeMessage(triple);
  return opened;
}

LLVMTargetMachineRef target_copy(LLVMTargetMachineRef handle, bool quick) {
  LLVMCodeGenOptLevel level = quick ? LLVMCodeGenLevelNone : LLVMCodeGenLevelLess;
  char *triple = LLVMGetTargetMachineTriple(handle), *cpu = LLVMGetTargetMachineCPU(handle);
  char *features = LLVMGetTargetMachineFeatureString(handle);
  LLVMTargetMachineRef copy = LLVMCreateTargetMachine(LLVMGetTargetMachineTarget(handle), triple, cpu, features,
                                                      level, LLVMRelocPIC, LLVMCodeModelDefault);
  LLVMDisposeMessage(triple);
  LLVMDisposeMessage(cpu);
  LLVMDisposeMessage(features);
  return copy;
}

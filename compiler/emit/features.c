/* The features of a cpu that LLVM knows by name.  LLVM's C interface does not list them, but its inliner shows them:
 * it inlines a function that needs a feature only where the caller's cpu has that feature. */
#include "codegen.h"

#include <llvm-c/Transforms/PassBuilder.h>

#include <string.h>

/* All that generated code may use, as runtime/cpu.c knows them. */
static const char *const x86_features[] = {
    "avx512f",
    "avx512vl",
    "avx512bw",
    "avx512dq",
    "avx512cd",
    "avx512ifma",
    "avx512vbmi",
    "avx512vbmi2",
    "avx512vnni",
    "avx512bitalg",
    "avx512vpopcntdq",
    "avx512bf16",
    "avx512fp16",
    "avx2",
    "fma",
    "avx",
    "f16c",
    "fma4",
    "xop",
    "tbm",
    "gfni",
    "bmi",
    "bmi2",
    "lzcnt",
    "movbe",
    "popcnt",
    "sse4a",
    "sse4.2",
    "sse4.1",
    "ssse3",
    "sse3",
};

enum { X86_FEATURES = sizeof x86_features / sizeof *x86_features };

static LLVMValueRef function_new(LLVMModuleRef module, LLVMTypeRef type, const char *name) {
  LLVMContextRef context = LLVMGetModuleContext(module);
  LLVMValueRef function = LLVMAddFunction(module, name, type);
  LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
  LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, function, ""));
  LLVMBuildRetVoid(builder);
  LLVMDisposeBuilder(builder);
  return function;
}

/* A function that needs all that the target has, and a feature more. */
static LLVMValueRef needing(struct arena *a, LLVMModuleRef module, LLVMTypeRef type, const char *of_target,
                            const char *feature) {
  static const char name[] = "target-features";
  LLVMValueRef function = function_new(module, type, feature);
  const char *value = arena_printf(a, "%s%s+%s", of_target, *of_target ? "," : "", feature);
  LLVMAttributeRef attribute =
      LLVMCreateStringAttribute(LLVMGetModuleContext(module), name, sizeof name - 1, value, (unsigned)strlen(value));
  LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute);
  return function;
}

/* A function of the target that calls one for each feature. */
static LLVMValueRef caller_new(struct arena *a, LLVMModuleRef module, LLVMTargetMachineRef machine) {
  LLVMContextRef context = LLVMGetModuleContext(module);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(context), NULL, 0, false);
  LLVMValueRef caller = function_new(module, type, "caller");
  LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
  LLVMPositionBuilderBefore(builder, LLVMGetBasicBlockTerminator(LLVMGetEntryBasicBlock(caller)));
  char *of_target = LLVMGetTargetMachineFeatureString(machine);
  for (int i = 0; i < X86_FEATURES; i++)
    LLVMBuildCall2(builder, type, needing(a, module, type, of_target, x86_features[i]), NULL, 0, "");
  LLVMDisposeMessage(of_target);
  LLVMDisposeBuilder(builder);
  return caller;
}

static bool still_calls(LLVMValueRef caller, const char *name) {
  LLVMValueRef instruction = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(caller));
  for (size_t length; instruction; instruction = LLVMGetNextInstruction(instruction))
    if (LLVMIsACallInst(instruction) && !strcmp(LLVMGetValueName2(LLVMGetCalledValue(instruction), &length), name))
      return true;
  return false;
}

const char *target_features(struct arena *a, LLVMTargetMachineRef machine, const char *triple) {
  const char *found = "";
  if (strncmp(triple, "x86_64", strlen("x86_64")) != 0) return found;
  LLVMContextRef context = LLVMContextCreate();
  LLVMModuleRef module = LLVMModuleCreateWithNameInContext("features", context);
  LLVMSetTarget(module, triple);
  LLVMValueRef caller = caller_new(a, module, machine);
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMErrorRef error = LLVMRunPasses(module, "cgscc(inline)", machine, options);
  if (error) LLVMConsumeError(error);
  for (int i = 0; i < X86_FEATURES; i++)
    if (!still_calls(caller, x86_features[i]))
      found = arena_printf(a, "%s%s+%s", found, *found ? "," : "", x86_features[i]);
  LLVMDisposePassBuilderOptions(options);
  LLVMDisposeModule(module);
  LLVMContextDispose(context);
  return found;
}

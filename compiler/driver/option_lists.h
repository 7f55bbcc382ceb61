/* The commands of hrmc and their options (runtime/option_table.h). */
#ifndef HRMC_DRIVER_OPTION_LISTS_H
#define HRMC_DRIVER_OPTION_LISTS_H

/* NAME(identifier, word, what it writes) */
#define EMIT_FORMS(NAME)                                                                                             \
  NAME(AST, "ast", "the syntax tree as text")                                                                        \
  NAME(GRAPH, "graph", "the graphs as text (see --after)")                                                           \
  NAME(KERNELS, "kernels", "the kernels as text")                                                                    \
  NAME(LLVM, "llvm", "LLVM IR")                                                                                      \
  NAME(ASM, "asm", "assembly")                                                                                       \
  NAME(HEADER, "header", "the C header of the shared library")                                                       \
  NAME(OBJ, "obj", "an object file")                                                                                 \
  NAME(SHARED, "shared", "a shared library for C programs")                                                          \
  NAME(EXE, "exe", "an executable (the default)")

#define EMIT_FORM_WORD(identifier, word, what) " " word
#define EMIT_WORDS EMIT_FORMS(EMIT_FORM_WORD)

/* What --report prints: NAME(identifier, word, what) */
#define REPORTS(NAME)                                                                                                \
  NAME(FLOPS, "flops", "parameters, FLOPs of a segment and of a training step")                                      \
  NAME(MEMORY, "memory", "bytes of weights, optimiser, states and activations")                                      \
  NAME(KERNELS, "kernels", "of each kernel: FLOPs, bytes, tile, expected share of the peak")                         \
  NAME(TIME, "time", "of each stage")

#define REPORT_WORDS REPORTS(EMIT_FORM_WORD)
#define REPORT_TEXT(identifier, word, what) "; " word ": " what

/* The passes over graphs in the order in which they run: PASS(word, with which --precision); passes.h says what each
 * does. */
#define COMPILE_PASSES(PASS)                                                                                         \
  PASS(batch, FOR_ALL)                                                                                               \
  PASS(horizon, FOR_ALL)                                                                                             \
  PASS(grad, FOR_ALL)                                                                                                \
  PASS(simplify, FOR_ALL)                                                                                            \
  PASS(recompute, FOR_ALL)                                                                                           \
  PASS(precision, FOR_BF16)

#define PASS_WORD(word, precision) " " #word
#define PASS_WORDS "elaborate" COMPILE_PASSES(PASS_WORD)

/* COMMAND(identifier, word, arguments behind the options, what it completes them by, text); the first has no word of
 * its own on the command line. */
#define HRMC_COMMANDS(COMMAND)                                                                                       \
  COMMAND(COMPILE, compile, "FILE", "@model", "compile FILE into an executable that trains, evaluates and solves")   \
  COMMAND(CHECK, check, "FILE...", "@model", "report mistakes, write nothing")                                       \
  COMMAND(FMT, fmt, "FILE...", "@model", "write files in the layout of the language")                                \
  COMMAND(DIFF, diff, "FILE[:CONFIG=VALUE,...] FILE[:CONFIG=VALUE,...]", "@model",                                   \
          "compare two models: parameters, FLOPs, memory, gradient horizons")                                        \
  COMMAND(COMPARE, compare, "[NAME=]FILE[:CONFIG=VALUE,...]...", "@model",                                           \
          "train variants under the same budget and compare what comes of it")                                       \
  COMMAND(EXPLAIN, explain, "[CODE...]", "", "explain messages by their codes; without CODE, list them")             \
  COMMAND(TEST, test, "FILE...", "@model", "run the files' test blocks")                                             \
  COMMAND(RUN, run, "FILE -- ARG...", "@model", "compile in memory and run the executable's commands")               \
  COMMAND(REPL, repl, "[FILE]", "@model", "take a model apart, change and train it at a prompt")                     \
  COMMAND(EVALUATE, eval, "[--] EXPRESSION", "", "print the value of an expression")

/* What every command takes. */
#define COMMON_OPTIONS(OPTION)                                                                                       \
  OPTION(DIAGNOSTICS, "diagnostics", 'm', "FORM", "text json",                                                       \
         "messages as text (the default) or as json, one object a line: severity, code, ranges, notes, suggestion")

/* What every command that reads a model takes. */
#define MODEL_OPTIONS(OPTION)                                                                                        \
  COMMON_OPTIONS(OPTION)                                                                                             \
  OPTION(DEFINE, "define", 'D', "NAME=VALUE", "",                                                                    \
         "set a config of the model: an expression of numbers, or a word; may be repeated, and wins over --data")    \
  OPTION(DATA, "data", 'd', "DIR", "@folder", "bind vocab_size, seq_len and num_puzzle_identifiers from a data set")

#define PRECISION_OPTION(OPTION)                                                                                     \
  OPTION(PRECISION, "precision", 'p', "TYPE", "f32 bf16",                                                            \
         "hold activations and states in f32 (the default) or bf16; weights, gradients and sums are f32 in both")

/* What generates code takes. */
#define CODE_OPTIONS(OPTION)                                                                                         \
  OPTION(TARGET_CPU, "target-cpu", 'c', "CPU", "",                                                                   \
         "generate code for a CPU, as LLVM names it (default: this machine's)")                                      \
  OPTION(CONTRACT, "contract", 'C', "HOW", "generated openblas",                                                     \
         "contractions by generated kernels (the default) or by openblas")                                           \
  PRECISION_OPTION(OPTION)                                                                                           \
  OPTION(TILE, "tile", 't', "N", "", "examples that one call of generated code works on (default: chosen)")

#define COMPILE_OPTIONS(OPTION)                                                                                      \
  MODEL_OPTIONS(OPTION)                                                                                              \
  OPTION(OUTPUT, "output", 'o', "OUT", "@file",                                                                      \
         "write to OUT, in place of the file's name without .hrm; - is standard output")                             \
  OPTION(EMIT, "emit", 'e', "FORM", EMIT_WORDS,                                                                      \
         "what to write, texts to standard output (default: exe); one of:" EMIT_WORDS)                               \
  OPTION(AFTER, "after", 'a', "PASS", PASS_WORDS, "with --emit=graph: stop after the pass; there are: " PASS_WORDS)  \
  OPTION(REPORT, "report", 'r', "WHAT", REPORT_WORDS,                                                                \
         "print what the model needs; several have commas between" REPORTS(REPORT_TEXT))                             \
  CODE_OPTIONS(OPTION)

#define CHECK_OPTIONS(OPTION) MODEL_OPTIONS(OPTION)
#define FMT_OWN_OPTIONS(OPTION)                                                                                      \
  OPTION(CHECK, "check", 'k', NULL, "", "write nothing; report the files whose layout differs")
#define FMT_OPTIONS(OPTION) COMMON_OPTIONS(OPTION) FMT_OWN_OPTIONS(OPTION)
#define DIFF_OWN_OPTIONS(OPTION)                                                                                     \
  OPTION(JSON, "json", 'j', NULL, "", "print the comparison as JSON, shapes of all weights that differ included")
#define DIFF_OPTIONS(OPTION)                                                                                         \
  MODEL_OPTIONS(OPTION)                                                                                              \
  CODE_OPTIONS(OPTION)                                                                                               \
  DIFF_OWN_OPTIONS(OPTION)
/* Those of compare that no other command has. */
#define COMPARE_OWN_OPTIONS(OPTION)                                                                                  \
  OPTION(STEPS, "steps", 'n', "N", "", "train each variant for N optimiser steps")                                   \
  OPTION(MINUTES, "minutes", 'M', "T", "",                                                                           \
         "train each variant for as many steps as take T minutes; a step is timed once, before the first run")       \
  OPTION(SEEDS, "seeds", 's', "K", "", "train each variant K times, with the seeds 0 to K - 1 (3 unless given)")     \
  OPTION(BATCH, "batch", 'b', "B", "", "examples that train at the same time; the models' unless given")             \
  OPTION(LR, "lr", 'l', "X", "", "learning rate; the models' unless given")                                          \
  OPTION(WARMUP, "warmup", 'u', "N", "", "steps over which the rate rises; the models' unless given")                \
  OPTION(THREADS, "threads", 't', "T", "", "threads; one a core unless given")                                       \
  OPTION(EVAL_EVERY, "eval-every", 'E', "N", "",                                                                     \
         "steps between evaluations of the test split; a tenth of the run unless given")                             \
  OPTION(EVAL_LIMIT, "eval-limit", 256, "N", "", "examples of each set that are evaluated; 0: all")                  \
  OPTION(MAX_SEGMENTS, "max-segments", 257, "M[,M...]", "",                                                          \
         "evaluate with M segments, too, beside as many as each was trained with")                                   \
  OPTION(HALT, "halt", 'H', NULL, "", "evaluate with early halting, too, where a variant has learned to halt")
#define COMPARE_OPTIONS(OPTION)                                                                                      \
  MODEL_OPTIONS(OPTION)                                                                                              \
  PRECISION_OPTION(OPTION)                                                                                           \
  OPTION(OUTPUT, "output", 'o', "DIR", "@folder",                                                                    \
         "folder of the comparison: runs, results.json, results.html; the same command goes on with it")             \
  COMPARE_OWN_OPTIONS(OPTION)                                                                                        \
  OPTION(JSON, "json", 'j', NULL, "", "print the results as JSON")
#define EXPLAIN_OPTIONS(OPTION)
#define TEST_OPTIONS(OPTION) MODEL_OPTIONS(OPTION)
#define REPL_OPTIONS(OPTION) MODEL_OPTIONS(OPTION)
#define EVALUATE_OPTIONS(OPTION) COMMON_OPTIONS(OPTION)
#define RUN_OPTIONS(OPTION)                                                                                          \
  MODEL_OPTIONS(OPTION)                                                                                              \
  CODE_OPTIONS(OPTION)

#endif

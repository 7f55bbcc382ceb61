/* The commands of a compiled model and their options (runtime/option_table.h). */
#ifndef HRM_OPTION_LISTS_H
#define HRM_OPTION_LISTS_H

/* COMMAND(identifier, word, arguments behind the options, what it completes them by, text) */
#define MODEL_COMMANDS(COMMAND)                                                                                      \
  COMMAND(TRAIN, train, "", "", "train the model on a data set")                                                     \
  COMMAND(EVAL, eval, "", "", "evaluate a checkpoint on a data set")                                                 \
  COMMAND(SOLVE, solve, "[PUZZLE...]", "", "solve puzzles written as text")                                          \
  COMMAND(INFO, info, "", "", "print parameters, settings and the target machine")                                   \
  COMMAND(EXPORT, export, "", "", "write the weights of a checkpoint for other programs")                            \
  COMMAND(BENCH, bench, "", "", "time training steps on random tokens")                                              \
  COMMAND(TRACE, trace, "", "", "show how an example is solved, step by step")                                       \
  COMMAND(ANALYSE, analyse, "", "", "show what the levels do on many examples")                                      \
  COMMAND(PLOT, plot, "RUN...", "@folder", "show the curves of runs in a page")                                      \
  COMMAND(REPLAY, replay, "", "", "run recorded training steps and write every tensor of them")

/* Rows that several commands share. */
#define CHECKPOINT_OPTION(OPTION)                                                                                    \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file", "checkpoint, or folder of a run (its latest)")
#define RESET_OPTION(OPTION)                                                                                         \
  OPTION(RESET_PUZZLE_TABLE, "reset-puzzle-table", 'R', NULL, "",                                                    \
         "take a puzzle table of another size: every row becomes the mean of the checkpoint's")
#define NO_EMA_OPTION(OPTION)                                                                                        \
  OPTION(NO_EMA, "no-ema", 'a', NULL, "", "the weights themselves, not their moving averages")
#define WEIGHTS_OPTIONS(OPTION) CHECKPOINT_OPTION(OPTION) NO_EMA_OPTION(OPTION) RESET_OPTION(OPTION)
#define SPLIT_OPTIONS(OPTION)                                                                                        \
  OPTION(DATA, "data", 'd', "DIR", "@folder", "data set")                                                            \
  OPTION(SPLIT, "split", 'p', "NAME", "train test", "split of the data set; test unless given")
#define MAX_SEGMENTS_OPTION(OPTION)                                                                                  \
  OPTION(MAX_SEGMENTS, "max-segments", 'm', "M", "", "segments; those it was trained with unless given")
#define PAGE_OPTION(OPTION) OPTION(OUTPUT, "output", 'o', "FILE", "@file", "page that is written")
#define THREADS_OPTION(OPTION) OPTION(THREADS, "threads", 't', "T", "", "threads; one a core unless given")
#define JSON_OPTION(OPTION) OPTION(JSON, "json", 'j', NULL, "", "print one JSON object")
#define NUMBERS_OPTION(OPTION) OPTION(JSON, "json", 'j', NULL, "", "print the numbers as one JSON object")

#define TRAIN_OPTIONS(OPTION)                                                                                        \
  OPTION(DATA, "data", 'd', "DIR", "@folder", "data set; its train split")                                           \
  OPTION(OUTPUT, "output", 'o', "RUN", "@folder", "folder of the run: checkpoints, metrics.jsonl, settings.json")    \
  OPTION(RESUME, "resume", 'r', "RUN", "@folder", "go on with a run; options given here replace its settings")       \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file",                                                                \
         "start from the weights of a checkpoint, with a new optimiser")                                             \
  RESET_OPTION(OPTION)                                                                                               \
  OPTION(STEPS, "steps", 'n', "N", "", "optimiser steps of the whole run; 10000 unless given")                       \
  OPTION(EPOCHS, "epochs", 'e', "E", "", "visit each group E times, in place of --steps; at least one step")         \
  OPTION(BATCH, "batch", 'b', "B", "", "examples that train at the same time; the model's unless given")             \
  OPTION(LR, "lr", 'l', "X", "", "learning rate; where there are several optimisers, the others keep their ratio")   \
  OPTION(PUZZLE_LR, "puzzle-lr", 'L', "X", "", "learning rate of sparse tables")                                     \
  OPTION(WEIGHT_DECAY, "weight-decay", 'w', "X", "", "weight decay of all but sparse tables")                        \
  OPTION(PUZZLE_WEIGHT_DECAY, "puzzle-weight-decay", 'W', "X", "", "weight decay of sparse tables")                  \
  OPTION(WARMUP, "warmup", 'u', "N", "", "steps over which the rate rises; the model's unless given")                \
  OPTION(SEED, "seed", 's', "S", "", "of weights, order of examples and exploration; 0 unless given")                \
  OPTION(THREADS, "threads", 't', "T", "", "threads; one a core unless given; same seed and threads: same bits")     \
  OPTION(EVAL_EVERY, "eval-every", 'E', "N", "",                                                                     \
         "evaluate the test split every N steps and at the end; 0, never, unless given")                             \
  OPTION(EVAL_LIMIT, "eval-limit", 256, "N", "", "examples of each set that are evaluated; 0, all, unless given")    \
  OPTION(SAVE_EVERY, "save-every", 'S', "N", "", "steps between checkpoints; a tenth of the run unless given")       \
  OPTION(LOG_EVERY, "log-every", 'g', "N", "", "steps between lines of metrics.jsonl; 10 unless given")              \
  OPTION(KEEP, "keep", 'k', "N", "", "newest checkpoints that are kept; 3 unless given; 0: all")

#define HALT_OPTIONS(OPTION)                                                                                         \
  OPTION(HALT, "halt", 'H', NULL, "", "let each puzzle stop when its halt head says so")                             \
  OPTION(HALT_FROM, "halt-from", 257, "P", "",                                                                       \
         "the same, but only where the head gives the answer a probability of P or more of being right")

#define EVAL_OPTIONS(OPTION)                                                                                         \
  WEIGHTS_OPTIONS(OPTION)                                                                                            \
  SPLIT_OPTIONS(OPTION)                                                                                              \
  MAX_SEGMENTS_OPTION(OPTION)                                                                                        \
  HALT_OPTIONS(OPTION)                                                                                               \
  OPTION(LIMIT, "limit", 'n', "N", "", "first N examples of each set; 0, all, unless given")                         \
  OPTION(BATCH, "batch", 'b', "B", "", "examples at the same time; 64 unless given")                                 \
  THREADS_OPTION(OPTION)                                                                                             \
  OPTION(SAVE_PREDICTIONS, "save-predictions", 's', "PATH", "@file",                                                 \
         "write what is predicted to PATH, if it ends in .npy, else to SET__predictions.npy in that folder")         \
  OPTION(SUBMISSION, "submission", 'S', "FILE", "@file",                                                             \
         "write the two attempts at each test input of ARC as the prize wants them, in JSON")                        \
  JSON_OPTION(OPTION)

#define SOLVE_OPTIONS(OPTION)                                                                                        \
  WEIGHTS_OPTIONS(OPTION)                                                                                            \
  OPTION(DATA, "data", 'd', "DIR", "@folder",                                                                        \
         "data set whose characters puzzles are written in, where the checkpoint does not say")                      \
  MAX_SEGMENTS_OPTION(OPTION)                                                                                        \
  HALT_OPTIONS(OPTION)                                                                                               \
  OPTION(DEADLINE, "deadline", 'D', "MS", "",                                                                        \
         "answer within MS milliseconds of the start, by the segment that the halt head thinks best")                \
  THREADS_OPTION(OPTION)                                                                                             \
  OPTION(JSON, "json", 'j', NULL, "", "print one JSON object a puzzle")

#define TRACE_OPTIONS(OPTION)                                                                                        \
  WEIGHTS_OPTIONS(OPTION)                                                                                            \
  SPLIT_OPTIONS(OPTION)                                                                                              \
  OPTION(EXAMPLE, "example", 'x', "N", "", "which example of the split, counted from 0; 0 unless given")             \
  OPTION(SEGMENTS, "segments", 's', "M", "", "segments; those it was trained with unless given")                     \
  PAGE_OPTION(OPTION)                                                                                                \
  THREADS_OPTION(OPTION)                                                                                             \
  NUMBERS_OPTION(OPTION)

#define ANALYSE_OPTIONS(OPTION)                                                                                      \
  WEIGHTS_OPTIONS(OPTION)                                                                                            \
  SPLIT_OPTIONS(OPTION)                                                                                              \
  OPTION(EXAMPLES, "examples", 'n', "N", "", "examples, spread evenly over its first set; 64 unless given")          \
  OPTION(SEGMENTS, "segments", 's', "M", "",                                                                         \
         "segments whose states are looked at; those it was trained with unless given")                              \
  OPTION(MAX_SEGMENTS, "max-segments", 'm', "M", "",                                                                 \
         "accuracy is shown for 1, 2, 4, ... M segments; 64 unless given")                                           \
  PAGE_OPTION(OPTION)                                                                                                \
  THREADS_OPTION(OPTION)                                                                                             \
  NUMBERS_OPTION(OPTION)

#define PLOT_OPTIONS(OPTION) PAGE_OPTION(OPTION)

#define INFO_OPTIONS(OPTION)                                                                                         \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file", "tell of a checkpoint, too, and whether it fits")              \
  RESET_OPTION(OPTION)                                                                                               \
  JSON_OPTION(OPTION)

#define EXPORT_OPTIONS(OPTION)                                                                                       \
  WEIGHTS_OPTIONS(OPTION)                                                                                            \
  OPTION(OUTPUT, "output", 'o', "FILE", "@file", "file that is written")                                             \
  OPTION(FORMAT, "format", 'f', "FORM", "safetensors npz",                                                           \
         "safetensors or npz; as the name of the file ends unless given")

#define BENCH_OPTIONS(OPTION)                                                                                        \
  OPTION(BATCH, "batch", 'b', "B", "", "examples in a step; the model's batch unless given")                         \
  OPTION(REPEATS, "repeats", 'n', "N", "", "steps that are timed; 10 unless given")                                  \
  OPTION(WARMUP, "warmup", 'u', "N", "", "steps before them; 2 unless given")                                        \
  THREADS_OPTION(OPTION)                                                                                             \
  OPTION(FORWARD, "forward", 'f', NULL, "", "time segments without training")                                        \
  OPTION(OPTIMIZER, "optimizer", 'O', NULL, "", "time the optimisers alone, which pack the weights")                 \
  OPTION(KERNELS, "kernels", 'k', NULL, "", "print the share of time and of the machine's peak of each kernel")      \
  JSON_OPTION(OPTION)

#define REPLAY_OPTIONS(OPTION)                                                                                       \
  OPTION(WEIGHTS, "weights", 'w', "FILE", "@file", "initial weights")                                                \
  OPTION(BATCHES, "batches", 'b', "FILE", "@file",                                                                   \
         "inputs, labels [K, B, S] and puzzle_identifiers [K, B] of K steps")                                        \
  OPTION(OUTPUT, "output", 'o', "FILE", "@file", "where every tensor of the steps is written")                       \
  RESET_OPTION(OPTION)                                                                                               \
  OPTION(LR, "lr", 'l', "X", "", "constant learning rate")                                                           \
  OPTION(WEIGHT_DECAY, "weight-decay", 258, "X", "", "weight decay")                                                 \
  OPTION(PUZZLE_LR, "puzzle-lr", 256, "X", "", "learning rate of sparse tables")                                     \
  OPTION(PUZZLE_WEIGHT_DECAY, "puzzle-weight-decay", 257, "X", "", "weight decay of sparse tables")                  \
  THREADS_OPTION(OPTION)

#endif

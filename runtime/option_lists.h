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
  COMMAND(TRACE, trace, "", "", "show in a page how an example is solved, step by step")                             \
  COMMAND(ANALYSE, analyse, "", "", "show in a page what the levels do on many examples")                            \
  COMMAND(PLOT, plot, "RUN...", "@folder", "show the curves of runs in a page")                                      \
  COMMAND(REPLAY, replay, "", "", "run recorded training steps and write every tensor of them")

/* Of every command that takes weights. */
#define RESET_OPTION(OPTION)                                                                                         \
  OPTION(RESET_PUZZLE_TABLE, "reset-puzzle-table", 'R', NULL, "",                                                    \
         "take a puzzle table of another size: every row becomes the mean of the checkpoint's")

#define TRAIN_OPTIONS(OPTION)                                                                                        \
  OPTION(DATA, "data", 'd', "DIR", "@folder", "data set; its train split")                                           \
  OPTION(OUTPUT, "output", 'o', "RUN", "@folder", "folder of the run: checkpoints, metrics.jsonl, settings.json")    \
  OPTION(RESUME, "resume", 'r', "RUN", "@folder", "go on with a run; options given here replace its settings")       \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file",                                                                \
         "start from the weights of a checkpoint, with a new optimiser")                                             \
  RESET_OPTION(OPTION)                                                                                               \
  OPTION(STEPS, "steps", 'n', "N", "", "optimiser steps of the whole run")                                           \
  OPTION(EPOCHS, "epochs", 'e', "E", "", "visit each group E times, in place of --steps; at least one step")         \
  OPTION(BATCH, "batch", 'b', "B", "", "examples that train at the same time")                                       \
  OPTION(LR, "lr", 'l', "X", "", "learning rate; where there are several optimisers, the others keep their ratio")   \
  OPTION(PUZZLE_LR, "puzzle-lr", 'L', "X", "", "learning rate of sparse tables")                                     \
  OPTION(WEIGHT_DECAY, "weight-decay", 'w', "X", "", "weight decay of all but sparse tables")                        \
  OPTION(PUZZLE_WEIGHT_DECAY, "puzzle-weight-decay", 'W', "X", "", "weight decay of sparse tables")                  \
  OPTION(WARMUP, "warmup", 'u', "N", "", "steps over which the rate rises")                                          \
  OPTION(SEED, "seed", 's', "S", "", "of weights, order of examples and exploration; 0 unless given")                \
  OPTION(THREADS, "threads", 't', "T", "", "threads; same seed and threads: same bits")                              \
  OPTION(EVAL_EVERY, "eval-every", 'E', "N", "", "evaluate the test split every N steps and at the end")             \
  OPTION(EVAL_LIMIT, "eval-limit", 'm', "N", "", "examples of each set that are evaluated; 0: all")                  \
  OPTION(SAVE_EVERY, "save-every", 'S', "N", "", "steps between checkpoints; a tenth of the run unless given")       \
  OPTION(LOG_EVERY, "log-every", 'g', "N", "", "steps between lines of metrics.jsonl")                               \
  OPTION(KEEP, "keep", 'k', "N", "", "newest checkpoints that are kept; 0: all")

#define EVAL_OPTIONS(OPTION)                                                                                         \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file", "checkpoint, or folder of a run (its latest)")                 \
  OPTION(DATA, "data", 'd', "DIR", "@folder", "data set")                                                            \
  OPTION(SPLIT, "split", 'p', "NAME", "train test", "split of the data set; test unless given")                      \
  OPTION(MAX_SEGMENTS, "max-segments", 'm', "M", "",                                                                 \
         "segments of each example; those it was trained with unless given")                                         \
  OPTION(HALT, "halt", 'H', NULL, "", "let each example stop when its halt head says so")                            \
  OPTION(LIMIT, "limit", 'n', "N", "", "first N examples of each set; 0: all")                                       \
  OPTION(BATCH, "batch", 'b', "B", "", "examples at the same time; 64 unless given")                                 \
  OPTION(THREADS, "threads", 't', "T", "", "threads")                                                                \
  OPTION(NO_EMA, "no-ema", 'E', NULL, "", "the weights themselves, not their moving averages")                       \
  OPTION(SAVE_PREDICTIONS, "save-predictions", 's', "PATH", "@file",                                                 \
         "write what is predicted to PATH, if it ends in .npy, else to SET__predictions.npy in that folder")         \
  OPTION(SUBMISSION, "submission", 'S', "FILE", "@file",                                                             \
         "write the two attempts at each test input of ARC as the prize wants them, in JSON")                        \
  RESET_OPTION(OPTION)                                                                                               \
  OPTION(JSON, "json", 'j', NULL, "", "print one JSON object")

#define SOLVE_OPTIONS(OPTION)                                                                                        \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file", "checkpoint, or folder of a run (its latest)")                 \
  OPTION(DATA, "data", 'd', "DIR", "@folder",                                                                        \
         "data set whose characters puzzles are written in, where the checkpoint does not say")                      \
  OPTION(MAX_SEGMENTS, "max-segments", 'm', "M", "",                                                                 \
         "segments of each puzzle; those it was trained with unless given")                                          \
  OPTION(HALT, "halt", 'H', NULL, "", "let each puzzle stop when its halt head says so")                             \
  OPTION(DEADLINE, "deadline", 'D', "MS", "",                                                                        \
         "answer within MS milliseconds of the start, by the segment that the halt head thinks best")                \
  OPTION(THREADS, "threads", 't', "T", "", "threads")                                                                \
  OPTION(NO_EMA, "no-ema", 'E', NULL, "", "the weights themselves, not their moving averages")                       \
  RESET_OPTION(OPTION)                                                                                               \
  OPTION(JSON, "json", 'j', NULL, "", "print one JSON object a puzzle")

#define TRACE_OPTIONS(OPTION)                                                                                        \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file", "checkpoint, or folder of a run (its latest)")                 \
  OPTION(DATA, "data", 'd', "DIR", "@folder", "data set")                                                            \
  OPTION(SPLIT, "split", 'p', "NAME", "train test", "split of the data set; test unless given")                      \
  OPTION(EXAMPLE, "example", 'x', "N", "",                                                                           \
         "number of the example in the split, from 0, which is shown unless given")                                  \
  OPTION(SEGMENTS, "segments", 'm', "M", "", "segments; those it was trained with unless given")                     \
  OPTION(OUTPUT, "output", 'o', "FILE", "@file", "page that is written")                                             \
  OPTION(THREADS, "threads", 't', "T", "", "threads")                                                                \
  OPTION(NO_EMA, "no-ema", 'E', NULL, "", "the weights themselves, not their moving averages")                       \
  RESET_OPTION(OPTION)

#define ANALYSE_OPTIONS(OPTION)                                                                                      \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file", "checkpoint, or folder of a run (its latest)")                 \
  OPTION(DATA, "data", 'd', "DIR", "@folder", "data set")                                                            \
  OPTION(SPLIT, "split", 'p', "NAME", "train test", "split of the data set; test unless given")                      \
  OPTION(EXAMPLES, "examples", 'n', "N", "", "first N examples of its first set; 64 unless given")                   \
  OPTION(SEGMENTS, "segments", 's', "M", "",                                                                         \
         "segments whose states are looked at; those it was trained with unless given")                              \
  OPTION(MAX_SEGMENTS, "max-segments", 'm', "M", "",                                                                 \
         "accuracy is shown for 1, 2, 4, ... M segments; 64 unless given")                                           \
  OPTION(OUTPUT, "output", 'o', "FILE", "@file", "page that is written")                                             \
  OPTION(THREADS, "threads", 't', "T", "", "threads")                                                                \
  OPTION(NO_EMA, "no-ema", 'E', NULL, "", "the weights themselves, not their moving averages")                       \
  RESET_OPTION(OPTION)                                                                                               \
  OPTION(JSON, "json", 'j', NULL, "", "print the numbers as one JSON object")

#define PLOT_OPTIONS(OPTION) OPTION(OUTPUT, "output", 'o', "FILE", "@file", "page that is written")

#define INFO_OPTIONS(OPTION)                                                                                         \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file", "tell of a checkpoint, too, and whether it fits")              \
  RESET_OPTION(OPTION)                                                                                               \
  OPTION(JSON, "json", 'j', NULL, "", "print one JSON object")

#define EXPORT_OPTIONS(OPTION)                                                                                       \
  OPTION(CHECKPOINT, "checkpoint", 'c', "F", "@file", "checkpoint, or folder of a run (its latest)")                 \
  OPTION(OUTPUT, "output", 'o', "FILE", "@file", "file that is written")                                             \
  OPTION(FORMAT, "format", 'f', "FORM", "safetensors npz", "its form; as its name ends unless given")                \
  OPTION(NO_EMA, "no-ema", 'E', NULL, "", "the weights themselves, not their moving averages")                       \
  RESET_OPTION(OPTION)

#define BENCH_OPTIONS(OPTION)                                                                                        \
  OPTION(BATCH, "batch", 'b', "B", "", "examples in a step; the model's batch unless given")                         \
  OPTION(REPEATS, "repeats", 'n', "N", "", "steps that are timed (10)")                                              \
  OPTION(WARM_UP, "warm-up", 'w', "N", "", "steps before them (2)")                                                  \
  OPTION(THREADS, "threads", 't', "T", "", "threads; one a core unless given")                                       \
  OPTION(FORWARD, "forward", 'f', NULL, "", "time segments without training")                                        \
  OPTION(OPTIMIZER, "optimizer", 'o', NULL, "", "time the optimisers alone")                                         \
  OPTION(KERNELS, "kernels", 'k', NULL, "", "print the share of time and of the machine's peak of each kernel")      \
  OPTION(JSON, "json", 'j', NULL, "", "print one JSON object")

#define REPLAY_OPTIONS(OPTION)                                                                                       \
  OPTION(WEIGHTS, "weights", 'w', "FILE", "@file", "initial weights")                                                \
  OPTION(BATCHES, "batches", 'b', "FILE", "@file",                                                                   \
         "inputs, labels [K, B, S] and puzzle_identifiers [K, B] of K steps")                                        \
  OPTION(OUTPUT, "output", 'o', "FILE", "@file", "where every tensor of the steps is written")                       \
  RESET_OPTION(OPTION)                                                                                               \
  OPTION(LR, "lr", 'l', "X", "", "constant learning rate")                                                           \
  OPTION(WEIGHT_DECAY, "weight-decay", 'd', "X", "", "weight decay")                                                 \
  OPTION(PUZZLE_LR, "puzzle-lr", 256, "X", "", "learning rate of sparse tables")                                     \
  OPTION(PUZZLE_WEIGHT_DECAY, "puzzle-weight-decay", 257, "X", "", "weight decay of sparse tables")                  \
  OPTION(THREADS, "threads", 't', "T", "", "threads; one a core unless given")

#endif

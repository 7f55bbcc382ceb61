/* The commands of hrm-data and their options (runtime/option_table.h). */
#ifndef HRM_DATA_OPTION_LISTS_H
#define HRM_DATA_OPTION_LISTS_H

/* COMMAND(identifier, word, arguments behind the options, what it completes them by, text) */
#define DATA_COMMANDS(COMMAND) COMMAND(SUDOKU, sudoku, "", "", "Sudoku boards from a CSV or made at random")

#define SUDOKU_OPTIONS(OPTION)                                                                                       \
  OPTION(BOXES, "boxes", 'b', "RxC", "3x3 2x3 2x2",                                                                  \
         "boxes of R rows and C columns: 3x3 (the default) makes 9x9 boards, 2x3 6x6, 2x2 4x4")                      \
  OPTION(CSV, "csv", 'c', "FILE", "@file",                                                                           \
         "take puzzles from a CSV of source,question,answer,rating instead of making them")                          \
  OPTION(GIVENS, "givens", 'g', "N[-M]", "",                                                                         \
         "cells that are given in each puzzle [as few as can be]; with --csv, further cells of the solution are "    \
         "given until there are so many")                                                                            \
  OPTION(MIN_RATING, "min-rating", 256, "X", "",                                                                     \
         "leave out puzzles with a lower rating: guesses, as the CSV says or as the solver of this program needs "   \
         "them")                                                                                                     \
  OPTION(MAX_RATING, "max-rating", 257, "X", "", "leave out puzzles with a higher rating")                           \
  OPTION(TRAIN, "train", 't', "N", "", "puzzles to train on [1000]")                                                 \
  OPTION(TEST, "test", 'e', "N", "", "puzzles to test on [1000]; none is equivalent to one of the training puzzles") \
  OPTION(AUGMENT, "augment", 'a', "N", "", "examples made of each training puzzle beside the original [0]")          \
  OPTION(SEED, "seed", 's', "S", "", "the same seed makes the same files [0]")                                       \
  OPTION(SKIP_BAD, "skip-bad", 258, NULL, "", "leave out bad lines of the CSV and count them")                       \
  OPTION(OUTPUT, "output", 'o', "DIR", "@folder", "the folder to make (required)")                                   \
  OPTION(FORCE, "force", 259, NULL, "", "replace a data set that is there already")

#endif

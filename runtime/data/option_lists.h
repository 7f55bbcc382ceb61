/* The commands of hrm-data and their options (runtime/option_table.h). */
#ifndef HRM_DATA_OPTION_LISTS_H
#define HRM_DATA_OPTION_LISTS_H

/* COMMAND(identifier, word, arguments behind the options, what it completes them by, text) */
#define DATA_COMMANDS(COMMAND)                                                                                       \
  COMMAND(SUDOKU, sudoku, "", "", "Sudoku boards from a CSV or made at random")                                      \
  COMMAND(MAZE, maze, "", "", "mazes from a CSV or made at random")                                                  \
  COMMAND(ARC, arc, "SOURCE...", "@file", "tasks of the Abstraction and Reasoning Corpus")                           \
  COMMAND(INFO, info, "DIR", "@folder", "what is in a data set, with pictures of some examples")

/* Of every builder. */
#define OUTPUT_OPTIONS(OPTION)                                                                                       \
  OPTION(SEED, "seed", 's', "S", "", "the same seed makes the same files [0]")                                       \
  OPTION(SKIP_BAD, "skip-bad", 258, NULL, "", "leave out what is bad in the input and count it")                     \
  OPTION(OUTPUT, "output", 'o', "DIR", "@folder", "the folder to make (required)")                                   \
  OPTION(FORCE, "force", 259, NULL, "", "replace a data set that is there already")

/* Of the builders of puzzles that stand alone. */
#define SET_OPTIONS(OPTION)                                                                                          \
  OPTION(CSV, "csv", 'c', "FILE", "@file",                                                                           \
         "take puzzles from a CSV of source,question,answer,rating instead of making them")                          \
  OPTION(TEST_CSV, "test-csv", 260, "FILE", "@file",                                                                 \
         "take the test puzzles from a CSV of their own, also those with an equivalent in the other one")            \
  OPTION(TRAIN, "train", 't', "N", "", "puzzles to train on [1000]")                                                 \
  OPTION(TEST, "test", 'e', "N", "", "puzzles to test on [1000]; none is equivalent to one of the training puzzles")

#define SUDOKU_OWN_OPTIONS(OPTION)                                                                                   \
  OPTION(BOXES, "boxes", 'b', "RxC", "3x3 2x3 2x2",                                                                  \
         "boxes of R rows and C columns: 3x3 (the default) makes 9x9 boards, 2x3 6x6, 2x2 4x4")                      \
  OPTION(GIVENS, "givens", 'g', "N[-M]", "",                                                                         \
         "cells that are given in each puzzle [as few as can be]; with --csv, further cells of the solution are "    \
         "given until there are so many")                                                                            \
  OPTION(MIN_RATING, "min-rating", 256, "X", "",                                                                     \
         "leave out puzzles with a lower rating: guesses of the tdoku solver, as the CSV says or as the solver of "  \
         "this program counts them")                                                                                 \
  OPTION(MAX_RATING, "max-rating", 257, "X", "", "leave out puzzles with a higher rating")                           \
  OPTION(AUGMENT, "augment", 'a', "N", "", "examples made of each training puzzle beside the original [0]")

#define SUDOKU_OPTIONS(OPTION) SUDOKU_OWN_OPTIONS(OPTION) SET_OPTIONS(OPTION) OUTPUT_OPTIONS(OPTION)

#define MAZE_OWN_OPTIONS(OPTION)                                                                                     \
  OPTION(SIZE, "size", 'z', "N|RxC", "30 13 9",                                                                      \
         "rows and columns [30]; of a CSV's mazes, where they are not square")                                       \
  OPTION(PATH, "path", 'p', "N[-M]", "111-",                                                                         \
         "leave out mazes whose shortest path has fewer than N or more than M steps; 111- are the hard ones of the " \
         "published set")                                                                                            \
  OPTION(LOOPS, "loops", 'l', "PERCENT", "",                                                                         \
         "share of the walls between passages that are opened, so that there are several ways [10]")                 \
  OPTION(DIHEDRAL, "dihedral", 'd', NULL, "", "turn and mirror each training maze: 8 examples of each")

#define MAZE_OPTIONS(OPTION) MAZE_OWN_OPTIONS(OPTION) SET_OPTIONS(OPTION) OUTPUT_OPTIONS(OPTION)

#define ARC_OWN_OPTIONS(OPTION)                                                                                      \
  OPTION(AUGMENT, "augment", 'a', "N", "",                                                                           \
         "puzzles made of each task beside the original, turned, mirrored and with other colours [1000]")            \
  OPTION(TASKS, "tasks", 'n', "N", "", "take N tasks, drawn at random [all]")

#define ARC_OPTIONS(OPTION) ARC_OWN_OPTIONS(OPTION) OUTPUT_OPTIONS(OPTION)

#define INFO_OPTIONS(OPTION)                                                                                         \
  OPTION(SPLIT, "split", 'p', "NAME", "train test", "this split alone")                                              \
  OPTION(EXAMPLES, "examples", 'n', "N", "", "examples shown of each set [2]")

#endif

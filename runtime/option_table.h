/* Option tables: one row for each option of a program, from which --help, the manual page and the completion of
 * shells derive (doc/pages.c makes the last two).
 *
 * A row is OPTION(identifier, name, key, argument, completes, text):
 *   name       the long option, without dashes
 *   key        its short letter, or a number from 256 on that no other option of the command has
 *   argument   what stands for its argument in texts, or NULL
 *   completes  what a shell offers for the argument: words with blanks between, "@file", "@folder", "@model" (a .hrm
 *              file), or "" for nothing
 *   text       what it does
 * and a list of a command's rows is a macro COMMAND_OPTIONS(OPTION) in a file option_lists.h. */
#ifndef HRM_OPTION_TABLE_H
#define HRM_OPTION_TABLE_H

/* A row of argp's table, and KEY_identifier as an enumerator. */
#define OPTION_ARGP(identifier, name, key, argument, completes, text) {name, key, argument, 0, text, 0},
#define OPTION_KEY(identifier, name, key, argument, completes, text) KEY_##identifier = key,

/* The last rows of every argp table: -h is --help. */
#define OPTION_HELP                                                                                                  \
  {NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0}, { 0 }

#endif

/* The commands of hrm-data.  Each takes its own part of the command line, argv[0] being its name for messages, and
 * returns the exit code. */
#ifndef HRM_DATA_COMMANDS_H
#define HRM_DATA_COMMANDS_H

typedef int data_command(int argc, char **argv);

data_command sudoku_command, maze_command, arc_command, info_command;

#endif

#include "doc/tables.h"

#include "runtime/data/option_lists.h"

DATA_COMMANDS(TABLE_ROWS)

static const struct command_row commands[] = {DATA_COMMANDS(TABLE_COMMAND)};

const struct program data_program = {"hrm-data", "hrm_data", false, commands, sizeof commands / sizeof *commands};

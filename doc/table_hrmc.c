#include "doc/tables.h"

#include "compiler/driver/option_lists.h"

HRMC_COMMANDS(TABLE_ROWS)

static const struct command_row commands[] = {HRMC_COMMANDS(TABLE_COMMAND)};

const struct program hrmc_program = {"hrmc", "hrmc", true, commands, sizeof commands / sizeof *commands};

#include "doc/tables.h"

#include "runtime/option_lists.h"

MODEL_COMMANDS(TABLE_ROWS)

static const struct command_row commands[] = {MODEL_COMMANDS(TABLE_COMMAND)};

const struct program model_program = {"model", "hrm_model", false, commands, sizeof commands / sizeof *commands};

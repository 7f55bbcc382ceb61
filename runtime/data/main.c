/* hrm-data: makes data sets. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "runtime/data/commands.h"
#include "runtime/data/option_lists.h"
#include "runtime/error.h"
#include "runtime/nearest.h"
#include "runtime/option_table.h"

static const struct {
  const char *name, *summary, *full_name;
  data_command *run;
} commands[] = {
#define COMMAND(identifier, word, arguments, completes, text) {#word, text, "hrm-data " #word, word##_command},
    DATA_COMMANDS(COMMAND)
#undef COMMAND
};

enum { NUM_COMMANDS = sizeof commands / sizeof *commands };

struct choice {
  int command; /* -1: none yet */
  int at;      /* its place in argv */
};

static char *list_commands(int key, const char *text, void *input) {
  (void)input;
  if (key != ARGP_KEY_HELP_POST_DOC) return (char *)text;
  char *list = NULL;
  size_t size;
  FILE *out = open_memstream(&list, &size);
  if (!out) return (char *)text;
  fputs("Commands (hrm-data COMMAND --help tells more):\n", out);
  for (int i = 0; i < NUM_COMMANDS; i++) fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
  fclose(out);
  return list;
}

static const struct argp_option option_table[] = {OPTION_HELP};

static void refuse(struct argp_state *state, const char *word) {
  const char *words[NUM_COMMANDS];
  for (int i = 0; i < NUM_COMMANDS; i++) words[i] = commands[i].name;
  const char *nearest = nearest_word(word, words, NUM_COMMANDS);
  if (nearest) argp_error(state, "there is no command '%s': did you mean '%s'?", word, nearest);
  argp_error(state, "there is no command '%s'", word);
}

static error_t parse(int key, char *text, struct argp_state *state) {
  struct choice *choice = state->input;
  if (key == 'h') argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
  if (key == ARGP_KEY_NO_ARGS) argp_error(state, "a command is expected, such as '%s'", commands[0].name);
  if (key != ARGP_KEY_ARG) return ARGP_ERR_UNKNOWN;
  for (int i = 0; i < NUM_COMMANDS; i++)
    if (!strcmp(text, commands[i].name)) choice->command = i;
  if (choice->command < 0) refuse(state, text);
  choice->at = state->next - 1;
  state->next = state->argc;
  return 0;
}

int main(int argc, char **argv) {
  static const struct argp argp = {.options = option_table,
                                   .parser = parse,
                                   .args_doc = "COMMAND [OPTION...]",
                                   .doc = "Make data sets in the form that the HRM code publishes.\v",
                                   .help_filter = list_commands};
  struct choice choice = {.command = -1};
  argp_program_version = "hrm-data " PACKAGE_VERSION;
  argp_err_exit_status = HRM_USAGE;
  argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &choice);
  argv[choice.at] = (char *)commands[choice.command].full_name;
  return commands[choice.command].run(argc - choice.at, argv + choice.at);
}

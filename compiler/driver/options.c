/* The command line of hrmc, through argp. */
#include "options.h"

#include "options_compare.h"
#include "options_variants.h"

#include "runtime/nearest.h"
#include "runtime/option_lists.h"
#include "runtime/option_table.h"
#include "runtime/option_values.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *argp_program_version = "hrmc " PACKAGE_VERSION;
error_t argp_err_exit_status = 2;

/* Keys are the same in every command's table. */
enum { COMPILE_OPTIONS(OPTION_KEY) FMT_OWN_OPTIONS(OPTION_KEY) DIFF_OWN_OPTIONS(OPTION_KEY) };

static const struct {
  const char *name, *arguments, *text;
  const struct argp_option *options;
} commands[] = {
#define COMMAND(identifier, word, arguments, completes, text)                                                        \
  {#word, arguments, text, (const struct argp_option[]){identifier##_OPTIONS(OPTION_ARGP) OPTION_HELP}},
    HRMC_COMMANDS(COMMAND)
#undef COMMAND
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const char exit_codes[] =
    "Exit codes: 0 done, 1 a mistake in a source or data set, 2 a mistake on the command line, 3 not supported, "
    "4 a bug of hrmc, 5 the system (disk, memory); of run and compare also 6 training diverged (of compare: every "
    "run), "
    "130 interrupted.";

struct parse {
  struct arena *arena;
  struct options *options;
};

static void add_define(struct argp_state *state, struct parse *p, const char *text) {
  const char *equals = strchr(text, '=');
  if (!equals || equals == text || !equals[1]) argp_error(state, "-D needs NAME=VALUE, not '%s'", text);
  struct source *source = arena_new_object(p->arena, struct source);
  *source = (struct source){"command line", arena_printf(p->arena, "-D %s", text), strlen(text) + 3, true};
  struct define define = {
      arena_strndup(p->arena, text, (size_t)(equals - text)), equals + 1, {source, 3, (uint32_t)source->length}};
  arena_push(p->arena, p->options->defines, p->options->define_count, p->options->define_capacity, define);
}

static enum emit_kind emit_form(struct argp_state *state, const char *word) {
  static const char *const words[] = {
#define NAME(identifier, text, what) text,
      EMIT_FORMS(NAME)
#undef NAME
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcmp(words[i], word)) return (enum emit_kind)i;
  argp_error(state, "'%s' is no form; --emit takes one of:%s", word, EMIT_WORDS);
  return EMIT_KIND_EXE;
}

static enum report_kind report_kind(struct argp_state *state, const char *word, size_t length) {
  static const char *const words[] = {
#define NAME(identifier, text, what) text,
      REPORTS(NAME)
#undef NAME
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen(words[i]) == length && !strncmp(words[i], word, length)) return (enum report_kind)i;
  argp_error(state, "'%.*s' is no report; --report takes any of:%s", (int)length, word, REPORT_WORDS);
  return REPORT_TIME;
}

static void add_reports(struct argp_state *state, struct options *o, const char *words) {
  for (const char *word = words; *word;) {
    size_t n = strcspn(word, ",");
    o->reports |= 1u << report_kind(state, word, n);
    word += n + (word[n] == ',');
  }
}

/* ---- what the arguments are ---- */

/* A command comes first; where there is none, the files are compiled. */
static enum hrmc_command find_command(const char *word) {
  for (int i = HRMC_COMPILE + 1; word && i < COMMANDS; i++)
    if (!strcmp(commands[i].name, word)) return (enum hrmc_command)i;
  return HRMC_COMPILE;
}

static bool is_of_model(const char *word) {
  static const char *const words[] = {
#define COMMAND(identifier, word, arguments, completes, text) #word,
      MODEL_COMMANDS(COMMAND)
#undef COMMAND
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcmp(words[i], word)) return true;
  return false;
}

static const char *nearest_command(const char *word) {
  const char *words[COMMANDS];
  for (int i = HRMC_COMPILE + 1; i < COMMANDS; i++) words[i - 1] = commands[i].name;
  return nearest_word(word, words, COMMANDS - 1);
}

/* A word that names no file was meant as a command. */
static void check_is_file(struct argp_state *state, const char *word) {
  if (strpbrk(word, "./") || access(word, F_OK) == 0) return;
  if (find_command(word) != HRMC_COMPILE)
    argp_error(state, "the command '%s' stands before all options: hrmc %s ...", word, word);
  if (is_of_model(word))
    argp_error(state, "'%s' is a command of compiled models: hrmc run FILE -- %s, or ./OUT %s after 'hrmc FILE'",
               word, word, word);
  const char *nearest = nearest_command(word);
  argp_error(state, "there is no command '%s', and no file%s%s%s", word, nearest ? ": did you mean '" : "",
             nearest ? nearest : "", nearest ? "'?" : "");
}

static void check_one_expression(struct argp_state *state, const struct options *o) {
  if (o->file_count == 0) argp_error(state, "no EXPRESSION given");
  if (o->file_count > 1)
    argp_error(state, "one EXPRESSION at a time, not also '%s': quote one that has blanks", o->files[1]);
}

static void check_files(struct arena *a, struct argp_state *state, struct options *o) {
  if (o->command == HRMC_COMPARE) {
    options_compare_end(a, o, state);
    return;
  }
  bool many = o->command == HRMC_CHECK || o->command == HRMC_FMT || o->command == HRMC_TEST;
  if (o->command == HRMC_EXPLAIN) return;
  if (o->command == HRMC_DIFF) {
    if (o->file_count != 2)
      argp_error(state, "diff compares two models, not %d: two files, or FILE and FILE:CONFIG=VALUE", o->file_count);
    options_read_variants(a, o, state);
    return;
  }
  if (o->command == HRMC_EVALUATE) {
    check_one_expression(state, o);
    return;
  }
  if (o->file_count == 0 && o->command != HRMC_REPL) argp_error(state, "no FILE given");
  if (o->command == HRMC_COMPILE) check_is_file(state, o->files[0]);
  if (o->after && o->emit != EMIT_KIND_GRAPH) argp_error(state, "--after goes with --emit=graph");
  if (o->bf16 && o->openblas)
    argp_error(state, "OpenBLAS multiplies f32; --precision=bf16 needs --contract=generated");
  if (o->file_count > 1 && !many) argp_error(state, "one FILE at a time, not also '%s'", o->files[1]);
}

static bool wants_openblas(struct argp_state *state, const char *word) {
  bool openblas = !strcmp(word, "openblas");
  if (!openblas && strcmp(word, "generated"))
    argp_error(state, "--contract takes generated or openblas, not '%s'", word);
  return openblas;
}

static bool wants_bf16(struct argp_state *state, const char *word) {
  bool bf16 = !strcmp(word, "bf16");
  if (!bf16 && strcmp(word, "f32")) argp_error(state, "--precision takes f32 or bf16, not '%s'", word);
  return bf16;
}

static bool wants_json(struct argp_state *state, const char *word) {
  bool json = !strcmp(word, "json");
  if (!json && strcmp(word, "text")) argp_error(state, "--diagnostics takes text or json, not '%s'", word);
  return json;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  struct parse *p = state->input;
  struct options *o = p->options;
  switch (key) {
  case 'h': argp_state_help(state, stdout, ARGP_HELP_STD_HELP); return 0;
  case KEY_DEFINE: add_define(state, p, text); return 0;
  case KEY_OUTPUT: o->output = text; return 0;
  case KEY_DATA: o->data = text; return 0;
  case KEY_EMIT: o->emit = emit_form(state, text); return 0;
  case KEY_AFTER: o->after = text; return 0;
  case KEY_REPORT: add_reports(state, o, text); return 0;
  case KEY_TARGET_CPU: o->target_cpu = text; return 0;
  case KEY_CONTRACT: o->openblas = wants_openblas(state, text); return 0;
  case KEY_DIAGNOSTICS: o->json_diagnostics = wants_json(state, text); return 0;
  case KEY_JSON: o->json = true; return 0;
  case KEY_CHECK: o->check_format = true; return 0;
  case KEY_PRECISION: o->bf16 = wants_bf16(state, text); return 0;
  case KEY_TILE: o->tile = option_integer(state, KEY_TILE, text, 1, 1024); return 0;
  case ARGP_KEY_ARG: arena_push(p->arena, o->files, o->file_count, o->file_capacity, text); return 0;
  case ARGP_KEY_END: check_files(p->arena, state, o); return 0;
  default: return o->command == HRMC_COMPARE ? options_compare_key(p->arena, o, key, text, state) : ARGP_ERR_UNKNOWN;
  }
}

/* For `run`, what stands behind "--" belongs to the executable's command. */
static int own_arguments(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--")) return i;
  return argc;
}

/* The help of plain hrmc lists the commands. */
static char *describe_command(struct arena *a, enum hrmc_command command) {
  char *text = arena_printf(a, "%c%s.\v", commands[command].text[0] - 'a' + 'A', commands[command].text + 1);
  if (command == HRMC_COMPILE) {
    text = arena_printf(a, "%sCommands (hrmc COMMAND --help tells more):\n", text);
    for (int i = HRMC_COMPILE + 1; i < COMMANDS; i++)
      text = arena_printf(a, "%s  %-8s %s\n", text, commands[i].name, commands[i].text);
    text = arena_printf(a, "%s\n", text);
  }
  return arena_printf(a, "%s%s", text, exit_codes);
}

struct options *options_parse(struct arena *a, int argc, char **argv) {
  struct options *o = arena_new_object(a, struct options);
  struct parse p = {a, o};
  o->command = find_command(argc > 1 ? argv[1] : NULL);
  o->emit = EMIT_KIND_EXE;
  int own = o->command == HRMC_RUN ? own_arguments(argc, argv) : argc, skipped = o->command != HRMC_COMPILE;
  const struct argp argp = {.options = commands[o->command].options,
                            .parser = parse_option,
                            .args_doc = commands[o->command].arguments,
                            .doc = describe_command(a, o->command)};
  if (skipped) argv[1] = arena_printf(a, "%s %s", argv[0], argv[1]);
  argp_parse(&argp, own - skipped, argv + skipped, 0, NULL, &p);
  if (own < argc) {
    o->rest = argv + own + 1;
    o->rest_count = argc - own - 1;
  }
  return o;
}

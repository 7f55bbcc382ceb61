/* The command line of hrmc, through argp. */
#include "options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "hrmc " PACKAGE_VERSION;
error_t argp_err_exit_status = 2;

enum { OPTION_DATA = 256, OPTION_EMIT, OPTION_AFTER, OPTION_REPORT, OPTION_CPU, OPTION_TILE, OPTION_CONTRACT };

static const char summary[] =
    "Compiles hierarchical reasoning models.\v"
    "Commands (the default is to compile FILE into an executable that trains, evaluates and solves):\n"
    "  check FILE...      report mistakes, write nothing\n"
    "  test FILE...       run the files' test blocks\n"
    "  run FILE -- ARG... compile in memory and run the executable's commands\n"
    "\n"
    "Exit codes: 0 done, 1 a mistake in a source or data set, 2 a mistake on the command line, 3 not supported, "
    "4 a bug of hrmc, 5 the system (disk, memory).";

static const struct argp_option option_table[] = {
    {"define", 'D', "NAME=VALUE", 0, "Set a config of the model; may be repeated", 0},
    {"data", OPTION_DATA, "DIR", 0, "Bind vocab_size, seq_len and num_puzzle_identifiers from a data set", 0},
    {"output", 'o', "OUT", 0, "Write to OUT", 0},
    {"emit", OPTION_EMIT, "FORM", 0, "What to write: ast, graph, kernels, llvm, asm, obj or exe (default)", 0},
    {"after", OPTION_AFTER, "PASS", 0, "With --emit=graph: stop after elaborate, batch, horizon, grad or simplify",
     0},
    {"report", OPTION_REPORT, "WHAT,...", 0,
     "Print memory (bytes of weights, optimiser, states, activations) or time (of each pass)", 0},
    {"target-cpu", OPTION_CPU, "CPU", 0, "Generate code for CPU (default: this machine's)", 0},
    {"contract", OPTION_CONTRACT, "HOW", 0, "Contractions by generated kernels (the default) or by openblas", 0},
    {"tile", OPTION_TILE, "N", 0, "Examples that one call works on (default: chosen)", 0},
    {NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0},
    {NULL, 0, NULL, 0, NULL, 0}};

struct parse {
  struct arena *arena;
  struct options *options;
};

static const char *const commands[] = {"check", "test", "run"};

static void add_define(struct argp_state *state, struct parse *p, const char *text) {
  const char *equals = strchr(text, '=');
  if (!equals || equals == text) argp_error(state, "-D needs NAME=VALUE, not '%s'", text);
  struct source *source = arena_new_object(p->arena, struct source);
  *source = (struct source){"command line", arena_printf(p->arena, "-D %s", text), strlen(text) + 3};
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
  argp_error(state, "--emit takes ast, graph, kernels, llvm, asm, obj or exe, not '%s'", word);
  return EMIT_KIND_EXE;
}

static void add_reports(struct argp_state *state, struct options *o, const char *words) {
  for (const char *word = words; *word;) {
    size_t n = strcspn(word, ",");
    if (n == 6 && !strncmp(word, "memory", n))
      o->report_memory = true;
    else if (n == 4 && !strncmp(word, "time", n))
      o->report_time = true;
    else
      argp_error(state, "--report takes memory and time, not '%.*s'", (int)n, word);
    word += n + (word[n] == ',');
  }
}

static void add_argument(struct parse *p, const char *word, int number) {
  struct options *o = p->options;
  for (size_t i = 0; number == 0 && i < sizeof commands / sizeof *commands; i++)
    if (!strcmp(commands[i], word)) {
      o->command = commands[i];
      return;
    }
  arena_push(p->arena, o->files, o->file_count, o->file_capacity, word);
}

static void check_files(struct argp_state *state, const struct options *o) {
  bool many = !strcmp(o->command, "check") || !strcmp(o->command, "test");
  if (o->file_count == 0) argp_error(state, "no FILE given");
  if (o->after && (o->emit != EMIT_KIND_GRAPH || strcmp(o->command, "compile")))
    argp_error(state, "--after goes with --emit=graph");
  if (o->file_count > 1 && !many) argp_error(state, "one FILE at a time, not also '%s'", o->files[1]);
}

static bool wants_openblas(struct argp_state *state, const char *word) {
  bool openblas = !strcmp(word, "openblas");
  if (!openblas && strcmp(word, "generated"))
    argp_error(state, "--contract takes generated or openblas, not '%s'", word);
  return openblas;
}

static int64_t tile_number(struct argp_state *state, const char *text) {
  char *end;
  long n = strtol(text, &end, 10);
  if (*end || end == text || n < 1 || n > 1024)
    argp_error(state, "--tile takes a number from 1 to 1024, not '%s'", text);
  return n;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  struct parse *p = state->input;
  struct options *o = p->options;
  switch (key) {
  case 'h': argp_state_help(state, stdout, ARGP_HELP_STD_HELP); return 0;
  case 'D': add_define(state, p, text); return 0;
  case 'o': o->output = text; return 0;
  case OPTION_DATA: o->data = text; return 0;
  case OPTION_EMIT: o->emit = emit_form(state, text); return 0;
  case OPTION_AFTER: o->after = text; return 0;
  case OPTION_REPORT: add_reports(state, o, text); return 0;
  case OPTION_CPU: o->target_cpu = text; return 0;
  case OPTION_CONTRACT: o->openblas = wants_openblas(state, text); return 0;
  case OPTION_TILE: o->tile = tile_number(state, text); return 0;
  case ARGP_KEY_ARG: add_argument(p, text, (int)state->arg_num); return 0;
  case ARGP_KEY_END: check_files(state, o); return 0;
  default: return ARGP_ERR_UNKNOWN;
  }
}

/* For `run`, what stands behind "--" belongs to the executable's command. */
static int own_arguments(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--")) return i;
  return argc;
}

struct options *options_parse(struct arena *a, int argc, char **argv) {
  static const struct argp argp = {option_table, parse_option, "[check|test|run] FILE...", summary, NULL, NULL, NULL};
  struct options *o = arena_new_object(a, struct options);
  struct parse p = {a, o};
  bool is_run = argc > 1 && !strcmp(argv[1], "run");
  int own = is_run ? own_arguments(argc, argv) : argc;
  o->command = "compile";
  o->emit = EMIT_KIND_EXE;
  argp_parse(&argp, own, argv, 0, NULL, &p);
  if (own < argc) {
    o->rest = argv + own + 1;
    o->rest_count = argc - own - 1;
  }
  return o;
}

/* Completion for bash: tables as functions, and one engine that reads them. */
#include "doc/tables.h"

/* TABLE names the functions of a program, FIRST the place of its first own word. */
static const char engine[] =
    "\n"
    "# KIND WORD: what an argument of that kind can be.\n"
    "_hrm_reply() {\n"
    "  case $1 in\n"
    "    @file) mapfile -t COMPREPLY < <(compgen -f -- \"$2\") ;;\n"
    "    @folder) mapfile -t COMPREPLY < <(compgen -d -- \"$2\") ;;\n"
    "    @model) mapfile -t COMPREPLY < <(compgen -f -X '!*.hrm' -- \"$2\"; compgen -d -- \"$2\") ;;\n"
    "    *) mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\"); return ;;\n"
    "  esac\n"
    "  compopt -o filenames 2>/dev/null\n"
    "}\n"
    "\n"
    "# TABLE FIRST: completes the command line of a program whose own words begin at FIRST.\n"
    "_hrm_complete() {\n"
    "  local table=$1 first=$2 word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command kind\n"
    "  if [ \"$word\" = '=' ]; then\n"
    "    word=\n"
    "  elif [ \"$before\" = '=' ]; then\n"
    "    before=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "  fi\n"
    "  command=$(\"_${table}_command\" \"${COMP_WORDS[first]}\")\n"
    "  if [ \"$COMP_CWORD\" -gt \"$first\" ] && kind=$(\"_${table}_value\" \"$command\" \"$before\"); then\n"
    "    _hrm_reply \"$kind\" \"$word\"\n"
    "  elif [[ $word == -* ]]; then\n"
    "    _hrm_reply \"$(\"_${table}_options\" \"$command\")\" \"$word\"\n"
    "  else\n"
    "    _hrm_reply \"$(\"_${table}_arguments\" \"$command\")\" \"$word\"\n"
    "    [ \"$COMP_CWORD\" -ne \"$first\" ] ||\n"
    "      mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -W \"$(\"_${table}_commands\")\" -- \"$word\")\n"
    "  fi\n"
    "}\n";

static void begin(const struct program *p, const char *what, FILE *out) {
  fprintf(out, "\n_%s_%s() {\n", p->function, what);
}

static void print_commands(const struct program *p, FILE *out) {
  begin(p, "commands", out);
  fputs("  echo '", out);
  for (int i = p->has_default; i < p->command_count; i++)
    fprintf(out, "%s%s", i > p->has_default ? " " : "", p->commands[i].name);
  fputs("'\n}\n", out);
}

/* A word that is no command stands for the default one. */
static void print_command(const struct program *p, FILE *out) {
  begin(p, "command", out);
  fputs("  case $1 in\n    ", out);
  for (int i = p->has_default; i < p->command_count; i++)
    fprintf(out, "%s%s", i > p->has_default ? " | " : "", p->commands[i].name);
  fputs(") echo \"$1\" ;;\n", out);
  if (p->has_default) fprintf(out, "    *) echo %s ;;\n", p->commands[0].name);
  fputs("  esac\n}\n", out);
}

static void print_options(const struct program *p, FILE *out) {
  begin(p, "options", out);
  fputs("  case $1 in\n", out);
  for (int i = 0; i < p->command_count; i++) {
    const struct command_row *c = &p->commands[i];
    fprintf(out, "    %s) echo '", c->name);
    for (int k = 0; k < c->option_count; k++) {
      fprintf(out, "--%s ", c->options[k].name);
      if (option_has_letter(&c->options[k])) fprintf(out, "-%c ", c->options[k].key);
    }
    fputs("--help -h --version -V' ;;\n", out);
  }
  fputs("    *) echo '--help -h --version -V' ;;\n  esac\n}\n", out);
}

static void print_values(const struct program *p, FILE *out) {
  begin(p, "value", out);
  fputs("  case $1:$2 in\n", out);
  for (int i = 0; i < p->command_count; i++) {
    const struct command_row *c = &p->commands[i];
    for (int k = 0; k < c->option_count; k++) {
      const struct option_row *o = &c->options[k];
      if (!o->argument) continue;
      fprintf(out, "    %s:--%s", c->name, o->name);
      if (option_has_letter(o)) fprintf(out, " | %s:-%c", c->name, o->key);
      fprintf(out, ") echo '%s' ;;\n", o->completes);
    }
  }
  fputs("    *) return 1 ;;\n  esac\n}\n", out);
}

static void print_arguments(const struct program *p, FILE *out) {
  begin(p, "arguments", out);
  fputs("  case $1 in\n", out);
  for (int i = 0; i < p->command_count; i++)
    fprintf(out, "    %s) echo '%s' ;;\n", p->commands[i].name, p->commands[i].completes);
  fputs("  esac\n}\n", out);
}

static void print_table(const struct program *p, FILE *out) {
  print_commands(p, out);
  print_command(p, out);
  print_options(p, out);
  print_values(p, out);
  print_arguments(p, out);
}

/* Behind "--", `hrmc run` has a command line of the model's. */
static const char hrmc_main[] = "\n"
                                "# A model's own executable: complete -F _hrm_model ./PROGRAM\n"
                                "_hrm_model() {\n"
                                "  _hrm_complete hrm_model 1\n"
                                "}\n"
                                "\n"
                                "_hrmc() {\n"
                                "  local i\n"
                                "  for ((i = 2; i < COMP_CWORD; i++)); do\n"
                                "    [ \"${COMP_WORDS[1]} ${COMP_WORDS[i]}\" = 'run --' ] || continue\n"
                                "    _hrm_complete hrm_model $((i + 1))\n"
                                "    return\n"
                                "  done\n"
                                "  _hrm_complete hrmc 1\n"
                                "}\n"
                                "complete -F _hrmc hrmc\n";

void bash_print(const struct program *p, FILE *out) {
  fprintf(out, "# Completion of %s for bash.\n%s", p->name, engine);
  print_table(p, out);
  if (p != &hrmc_program) {
    fprintf(out, "\n_%s() {\n  _hrm_complete %s 1\n}\ncomplete -F _%s %s\n", p->function, p->function, p->function,
            p->name);
    return;
  }
  print_table(&model_program, out);
  fputs(hrmc_main, out);
}

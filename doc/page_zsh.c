/* Completion for zsh: a function of _arguments for each command. */
#include "doc/tables.h"

#include <string.h>

/* Text within single quotes and brackets of a specification. */
static void put_text(const char *text, FILE *out) {
  for (; *text; text++) {
    if (strchr("[]:\\", *text)) fputc('\\', out);
    fputs(*text == '\'' ? "'\\''" : (char[]){*text, 0}, out);
  }
}

static void put_action(const char *completes, FILE *out) {
  if (!strcmp(completes, "@file"))
    fputs("_files", out);
  else if (!strcmp(completes, "@folder"))
    fputs("_files -/", out);
  else if (!strcmp(completes, "@model"))
    fputs("_files -g \"*.hrm\"", out);
  else if (*completes)
    fprintf(out, "(%s)", completes);
  else
    fputc(' ', out);
}

static void put_option(const struct option_row *o, FILE *out) {
  const char *long_tail = o->argument ? "=" : "", *short_tail = o->argument ? "+" : "";
  fputs("    '*'", out);
  if (option_has_letter(o))
    fprintf(out, "{-%c%s,--%s%s}", o->key, short_tail, o->name, long_tail);
  else
    fprintf(out, "--%s%s", o->name, long_tail);
  fputs("'[", out);
  put_text(o->text, out);
  fputc(']', out);
  if (o->argument) {
    fputc(':', out);
    put_text(o->argument, out);
    fputc(':', out);
    put_action(o->completes, out);
  }
  fputs("' \\\n", out);
}

static void print_command(const struct program *p, const struct command_row *c, FILE *out) {
  fprintf(out, "_%s_%s() {\n  _arguments -s -S \\\n", p->function, c->name);
  for (int i = 0; i < c->option_count; i++) put_option(&c->options[i], out);
  if (*c->arguments) {
    fputs("    '*:", out);
    put_text(c->arguments, out);
    fputc(':', out);
    put_action(c->completes, out);
    fputs("' \\\n", out);
  }
  fputs("    '(-h --help)'{-h,--help}'[list the options]' \\\n"
        "    '(-V --version)'{-V,--version}'[print the version]'\n}\n\n",
        out);
}

static void print_dispatch(const struct program *p, FILE *out) {
  fprintf(out, "_%s_complete() {\n  local -a commands\n  commands=(\n", p->function);
  for (int i = p->has_default; i < p->command_count; i++) {
    fprintf(out, "    '%s:", p->commands[i].name);
    put_text(p->commands[i].text, out);
    fputs("'\n", out);
  }
  fputs("  )\n  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n    _describe command commands\n", out);
  if (p->has_default) fputs("    _files -g \"*.hrm\"\n", out);
  fputs("    return\n  fi\n  case $words[2] in\n    ", out);
  for (int i = p->has_default; i < p->command_count; i++)
    fprintf(out, "%s%s", i > p->has_default ? "|" : "", p->commands[i].name);
  fprintf(out, ")\n      local command=$words[2]\n      shift words\n      (( CURRENT-- ))\n      _%s_$command ;;\n",
          p->function);
  fprintf(out, "    *) %s%s%s ;;\n  esac\n}\n\n", p->has_default ? "_" : "_arguments '(-h --help)'{-h,--help}",
          p->has_default ? p->function : "", p->has_default ? "_compile" : " '(-V --version)'{-V,--version}");
}

static void print_table(const struct program *p, FILE *out) {
  for (int i = 0; i < p->command_count; i++) print_command(p, &p->commands[i], out);
  print_dispatch(p, out);
}

/* Behind "--", `hrmc run` has a command line of the model's. */
static const char hrmc_main[] = "_hrm_model() { _hrm_model_complete }\n\n"
                                "_hrmc() {\n"
                                "  local dashes=$words[(i)--]\n"
                                "  if [[ $words[2] == run ]] && (( dashes < CURRENT )); then\n"
                                "    words=(\"${(@)words[dashes,-1]}\")\n"
                                "    (( CURRENT -= dashes - 1 ))\n"
                                "    _hrm_model_complete\n"
                                "  else\n"
                                "    _hrmc_complete\n"
                                "  fi\n"
                                "}\n\n"
                                "_hrmc \"$@\"\n";

void zsh_print(const struct program *p, FILE *out) {
  fprintf(out, "#compdef %s\n# Completion of %s for zsh.\n\n", p->name, p->name);
  print_table(p, out);
  if (p != &hrmc_program) {
    fprintf(out, "_%s_complete \"$@\"\n", p->function);
    return;
  }
  print_table(&model_program, out);
  fputs(hrmc_main, out);
}

/* Models as libraries. */
#include "embed.h"

#include <ctype.h>
#include <string.h>

/* runtime/embed.h (compiler/text.awk). */
extern const char embed_header_text[];

/* What stands before the functions' names in symbols of libhrm.a, as the build found them; ends with NULL. */
extern const char *const embed_taken[];

static const char *const functions[] = {"version", "open", "close", "save", "solve", "train", NULL};

const char *embed_function(int number) { return functions[number]; }

const char *embed_prefix(struct arena *a, const struct program *p) {
  char *prefix = arena_strdup(a, p->name);
  for (char *c = prefix; *c; c++) *c = (char)tolower((unsigned char)*c);
  for (int i = 0; embed_taken[i]; i++)
    if (!strcmp(prefix, embed_taken[i])) return arena_printf(a, "%s_model", prefix);
  return prefix;
}

static const char *in_capitals(struct arena *a, const char *text) {
  char *capitals = arena_strdup(a, text);
  for (char *c = capitals; *c; c++) *c = (char)toupper((unsigned char)*c);
  return capitals;
}

/* The text with every `from` replaced. */
static const char *replaced(struct arena *a, const char *text, const char *from, const char *to) {
  const char *result = "", *at;
  for (; (at = strstr(text, from)); text = at + strlen(from))
    result = arena_printf(a, "%s%.*s%s", result, (int)(at - text), text, to);
  return arena_printf(a, "%s%s", result, text);
}

static const char *sizes_of(struct arena *a, const struct program *p, const char *capitals) {
  static const struct {
    const char *tensor, *length, *bound;
  } rows[] = {{"inputs", "INPUTS", "VOCABULARY"},
              {"labels", "LABELS", "ANSWERS"},
              {"puzzle_identifiers", NULL, "IDENTIFIERS"}};
  const char *text = arena_printf(a, "#define %s_VERSION \"%s\"\n", capitals, PACKAGE_VERSION);
  for (int i = 0; i < p->tensor_count; i++)
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
      const struct tensor *t = &p->tensors[i];
      if (strcmp(t->symbol->name, rows[k].tensor)) continue;
      if (rows[k].length)
        text = arena_printf(a, "%s#define %s_%s %lld /* numbers in an example's %s */\n", text, capitals,
                            rows[k].length, (long long)type_elements(&t->symbol->type), rows[k].tensor);
      if (t->bound)
        text = arena_printf(a, "%s#define %s_%s %lld /* %s are below this */\n", text, capitals, rows[k].bound,
                            (long long)t->bound, rows[k].tensor);
    }
  return text;
}

const char *embed_header(struct arena *a, const struct program *p) {
  static const char include[] = "#include <stdint.h>\n";
  const char *prefix = embed_prefix(a, p), *capitals = in_capitals(a, prefix);
  const char *text = replaced(a, replaced(a, embed_header_text, "hrm_embed", prefix), "HRM_EMBED", capitals);
  return replaced(a, text, include, arena_printf(a, "%s\n%s", include, sizes_of(a, p, capitals)));
}

const char *embed_exports(struct arena *a, const char *prefix) {
  const char *text = "{\n  global:\n";
  for (int i = 0; functions[i]; i++) text = arena_printf(a, "%s    %s_%s;\n", text, prefix, functions[i]);
  return arena_printf(a, "%s  local: *;\n};\n", text);
}

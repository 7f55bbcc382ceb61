/* Variants on the command line: [NAME=]FILE[:CONFIG=VALUE,...] */
#include "options_variants.h"

#include <ctype.h>
#include <string.h>

static bool is_name_character(char c) { return isalnum((unsigned char)c) || strchr("._+-=,", c); }

/* The length of "NAME=", which ends before the first slash or colon; 0: there is none. */
static size_t name_length(const char *text) {
  size_t length = strcspn(text, "=:/");
  return text[length] == '=' ? length + 1 : 0;
}

static const char *given_name(struct arena *a, const char *text, size_t length, struct argp_state *state) {
  const char *name = arena_strndup(a, text, length);
  for (const char *c = name; *c; c++)
    if (!is_name_character(*c))
      argp_error(state, "'%s' cannot name a variant: letters, digits and . _ + - can", name);
  if (!*name || *name == '.') argp_error(state, "'%s': a variant's name begins with a letter or a digit", text);
  return name;
}

/* The file's name without folder and .hrm, and the settings; other characters become '_'. */
static const char *own_name(struct arena *a, const char *path, const char *settings) {
  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *end = strstr(base, ".hrm");
  int length = (int)(end && end != base ? (size_t)(end - base) : strlen(base));
  char *name = arena_printf(a, "%.*s%s%s", length, base, *settings ? "," : "", settings);
  for (char *c = name; *c; c++)
    if (!is_name_character(*c)) *c = '_';
  return name;
}

/* Where a setting ends: at a comma outside of brackets. */
static size_t setting_length(const char *text) {
  int depth = 0;
  size_t i = 0;
  for (; text[i] && (text[i] != ',' || depth > 0); i++) depth += !!strchr("([", text[i]) - !!strchr(")]", text[i]);
  return i;
}

static void add_setting(struct arena *a, struct options *o, const struct variant *v, const char *text, size_t length,
                        struct argp_state *state) {
  const char *setting = arena_strndup(a, text, length), *equals = strchr(setting, '=');
  if (!equals || equals == setting || !equals[1])
    argp_error(state, "%s: settings of a variant are CONFIG=VALUE with commas between, not '%s'", v->path, setting);
  struct source *source = arena_new_object(a, struct source);
  *source =
      (struct source){"command line", arena_printf(a, "%s:%s", v->path, setting), strlen(v->path) + 1 + length, true};
  struct define define = {arena_strndup(a, setting, (size_t)(equals - setting)),
                          equals + 1,
                          {source, (uint32_t)strlen(v->path) + 1, (uint32_t)source->length}};
  arena_push(a, o->defines, o->define_count, o->define_capacity, define);
}

/* Those that all share, then its own, which win. */
static const struct options *own_options(struct arena *a, const struct options *shared, const struct variant *v,
                                         const char *settings, struct argp_state *state) {
  struct options *o = arena_new_object(a, struct options);
  *o = *shared;
  o->defines = NULL;
  o->define_count = o->define_capacity = 0;
  for (int i = 0; i < shared->define_count; i++)
    arena_push(a, o->defines, o->define_count, o->define_capacity, shared->defines[i]);
  for (const char *text = settings; *text;) {
    size_t length = setting_length(text);
    add_setting(a, o, v, text, length, state);
    text += length + (text[length] == ',');
  }
  return o;
}

static struct variant parse_variant(struct arena *a, const struct options *shared, const char *text,
                                    struct argp_state *state) {
  size_t named = name_length(text), path = named + strcspn(text + named, ":");
  const char *settings = text[path] ? text + path + 1 : "";
  struct source *source = arena_new_object(a, struct source);
  struct variant v = {.path = arena_strndup(a, text + named, path - named), .text = text + named};
  if (!*v.path) argp_error(state, "'%s' names no file: a variant is [NAME=]FILE[:CONFIG=VALUE,...]", text);
  *source = (struct source){"command line", text, strlen(text), true};
  v.source = source;
  v.name = named ? given_name(a, text, named - 1, state) : own_name(a, v.path, settings);
  v.options = own_options(a, shared, &v, settings, state);
  return v;
}

void options_read_variants(struct arena *a, struct options *o, struct argp_state *state) {
  o->variants = arena_new_array(a, struct variant, (size_t)o->file_count);
  for (int i = 0; i < o->file_count; i++) o->variants[i] = parse_variant(a, o, o->files[i], state);
}

/* hrmc compare VARIANT…: every variant is compiled in memory, then the runtime trains and compares them. */
#include "commands.h"

#include "../graph_text.h"
#include "variant.h"
#include "runtime/commands.h"
#include "runtime/comparison.h"
#include "runtime/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A variant on its way into the comparison. */
struct side {
  const struct options *shared;
  const struct variant *variant;
  struct compilation compilation;
  struct contender *contender;
};

static void compile_side(void *context) {
  struct side *s = context;
  struct compilation *c = &s->compilation;
  if (variant_compile(c, s->shared, s->variant)) compile_load(c, &s->contender->code);
}

/* ---- what tells variants apart ---- */

static uint64_t hash_graph(uint64_t hash, const struct graph *g) {
  char *text = NULL;
  size_t size = 0;
  FILE *f = open_memstream(&text, &size);
  graph_print(g, f);
  fclose(f);
  hash = hash_text(hash, text);
  free(text);
  return hash;
}

/* Of the graphs as elaborated and of the policies of training: comments and layout do not count, imports do. */
static const char *fingerprint_of(const struct compilation *c, const struct description *d) {
  static const char *const policies[] = {"groups", "act", "train", "weights"};
  uint64_t hash = hash_graph(hash_graph(HASH_EMPTY, c->program->forward), c->program->train);
  for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
    char *text = json_dumps(json_object_get(d->json, policies[i]), JSON_COMPACT | JSON_SORT_KEYS);
    if (text) hash = hash_text(hash, text);
    free(text);
  }
  return arena_printf(c->arena, "%016" PRIx64, hash);
}

static bool describe_side(const struct side *s, struct hrm_error *error) {
  struct contender *out = s->contender;
  if (!description_parse(&out->description, out->code.description, error)) return false;
  out->name = s->variant->name;
  out->file = s->variant->text;
  out->fingerprint = fingerprint_of(&s->compilation, &out->description);
  return true;
}

/* ---- the command ---- */

static int fail(const struct hrm_error *error) {
  fflush(stdout);
  fprintf(stderr, "hrmc compare: %s\n", error->text);
  return error->code;
}

static bool print_results(const struct comparison *c, bool json, bool *all_diverged, struct hrm_error *error) {
  json_t *results = comparison_results(c, false, error);
  if (!results) return false;
  *all_diverged = comparison_all_diverged(results);
  if (json) return command_print_json(results, JSON_INDENT(2), error);
  bool printed = comparison_print(results, stdout) || hrm_fail(error, HRM_SYSTEM, "out of memory");
  json_decref(results);
  if (printed) printf("\nThe curves are in %s/results.html\n", c->output);
  return printed;
}

static int compare(struct comparison *c, const struct side *sides, const struct options *o) {
  struct hrm_error error;
  bool good = true, all_diverged = false;
  for (int i = 0; good && i < c->count; i++) good = describe_side(&sides[i], &error);
  good = good && comparison_run(c, &error) && print_results(c, o->json, &all_diverged, &error);
  comparison_free(c);
  for (int i = 0; i < c->count; i++) description_free(&c->contenders[i].description);
  return !good ? fail(&error) : all_diverged ? HRM_DIVERGED : 0;
}

/* Every message of a variant says which it is. */
static int compile_all(struct side *sides, struct guard *guard, const struct options *o) {
  int worst = 0;
  for (int i = 0; i < o->file_count; i++) {
    struct side *s = &sides[i];
    const struct variant *v = &o->variants[i];
    *s = (struct side){o, v, compilation_begin(v->options, guard), &o->comparison->contenders[i]};
    if (!guard_run(guard, compile_side, s)) diag_report_end(s->compilation.diags, guard);
    variant_note(&s->compilation, v);
    int code = compilation_report(&s->compilation, v->path);
    if (code > worst) worst = code;
  }
  return worst;
}

int command_compare(const struct options *o) {
  struct comparison *c = o->comparison;
  struct guard guard = {0};
  c->count = o->file_count;
  c->contenders = calloc((size_t)c->count, sizeof *c->contenders);
  struct side *sides = calloc((size_t)c->count, sizeof *sides);
  int code = c->contenders && sides ? compile_all(sides, &guard, o) : HRM_SYSTEM;
  if (code == 0) code = compare(c, sides, o);
  for (int i = 0; sides && i < c->count; i++) compilation_free(&sides[i].compilation);
  free(sides);
  free(c->contenders);
  return code;
}

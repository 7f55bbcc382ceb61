#include "warn.h"

#include "lex.h"
#include "rebuild.h"
#include "simplify.h"

#include <string.h>

static bool is_word(const struct source *source, const struct token *token, const char *word) {
  size_t length = strlen(word);
  return token->kind == TOKEN_NAME && token->end - token->begin == length &&
         !memcmp(source->text + token->begin, word, length);
}

void warn_unused_configs(struct arena *a, struct diags *d, const struct ast_file *file) {
  struct token_list list = lex(a, file->source);
  for (int i = 0; i < file->count; i++) {
    const struct decl *decl = file->decls[i];
    int uses = 0;
    if (decl->kind != DECL_CONFIG) continue;
    for (int k = 0; k < list.count; k++) uses += is_word(file->source, &list.tokens[k], decl->name.text);
    if (uses == 1) diag_report(d, MSG_UNUSED_CONFIG, decl->name.span, decl->name.text);
  }
}

/* Of a sparse table, its rows stand in the graph. */
static const struct symbol *trained_symbol(const struct program *p, const struct weight *w) {
  for (int i = 0; w->sparse && i < p->tensor_count; i++)
    if (p->tensors[i].table == w) return p->tensors[i].symbol;
  return w->symbol;
}

static bool is_untrained(const struct program *p, const struct weight *w, const struct graph *train) {
  const struct symbol *symbol = trained_symbol(p, w);
  if (w->symbol->role != ROLE_PARAM) return false;
  for (int i = 0; i < train->top->count; i++) {
    const struct node *n = train->top->nodes[i];
    bool is_sink = (n->op == OP_ACCUMULATE || n->op == OP_ACCUMULATE_ROWS) && n->symbol == symbol;
    if (is_sink && !simplify_is(n->operand[n->arity - 1], 0)) return false;
  }
  return true;
}

static bool same_place(const struct weight *a, const struct weight *b) {
  return a->place.source == b->place.source && a->place.begin == b->place.begin && a->place.end == b->place.end;
}

static bool has_leaf(const struct region *region, const struct symbol *symbol) {
  for (int i = 0; i < region->count; i++) {
    const struct node *n = region->nodes[i];
    if (n->op == OP_LEAF && n->symbol == symbol) return true;
    if (n->op == OP_REPEAT && has_leaf(n->repeat.body, symbol)) return true;
  }
  return false;
}

static bool is_used(const struct program *p, const struct weight *w) {
  const struct symbol *symbol = trained_symbol(p, w);
  return has_leaf(p->train->top, symbol) || has_leaf(p->forward->top, symbol);
}

/* One warning for all that are made in one place: the layers of a list, the weights of a library's module. */
static void report_weights(struct diags *d, const struct program *p, enum message message, bool *marked) {
  for (int i = 0; i < p->weight_count; i++) {
    int others = 0;
    if (!marked[i]) continue;
    for (int k = i + 1; k < p->weight_count; k++) {
      if (!marked[k] || !same_place(p->weights[i], p->weights[k])) continue;
      marked[k] = false;
      others++;
    }
    const char *name = p->weights[i]->symbol->name;
    bool is_buffer = p->weights[i]->symbol->role == ROLE_BUFFER;
    const char *text =
        others ? arena_printf(p->arena, "the %d parameters that are made here, such as '%s'", others + 1, name)
               : arena_printf(p->arena, "%s '%s'", is_buffer ? "buffer" : "parameter", name);
    diag_report(d, message, p->weights[i]->place, text);
  }
}

void warn_weights(struct diags *d, const struct program *p, const struct graph *train) {
  bool *unused = arena_new_array(p->arena, bool, (size_t)p->weight_count + 1);
  bool *untrained = arena_new_array(p->arena, bool, (size_t)p->weight_count + 1);
  for (int i = 0; !graph_has(train, OP_LOSS) && i < p->weight_count; i++) {
    unused[i] = !is_used(p, p->weights[i]);
    untrained[i] = !unused[i] && is_untrained(p, p->weights[i], train);
  }
  report_weights(d, p, MSG_UNUSED_WEIGHT, unused);
  report_weights(d, p, MSG_UNTRAINED, untrained);
}

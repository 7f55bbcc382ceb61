#include "parser.h"

#include "source.h"

/* The forms of a declaration; each is parsed behind its keyword and may leave a started declaration in *decl. */
struct decl_form {
  const char *word;
  enum decl_kind kind;
  void (*parse)(struct parser *p, struct decl *decl);
};

static void parse_import(struct parser *p, struct decl *decl) {
  decl->name = parser_expect_name(p, "the name of the file to import");
}

static void parse_config(struct parser *p, struct decl *decl) {
  decl->name = parser_expect_name(p, "the name of the config");
  if (parser_accept(p, TOKEN_ASSIGN)) decl->config.value = parse_expr(p);
  if (parser_accept_word(p, "in")) decl->config.choices = parse_choices(p, &decl->config.choice_count);
}

static void parse_let(struct parser *p, struct decl *decl) {
  decl->name = parser_expect_name(p, "the name of the value");
  parser_expect(p, TOKEN_ASSIGN);
  decl->value = parse_expr(p);
}

static void parse_fn_decl(struct parser *p, struct decl *decl) {
  decl->fn = parse_fn(p, true);
  decl->name = decl->fn->name;
}

static void parse_module(struct parser *p, struct decl *decl) {
  decl->name = parser_expect_name(p, "the name of the module");
  if (parser_peek(p) == TOKEN_LEFT_PAREN) decl->module.parameters = parse_parameters(p, &decl->module.count);
  p->in_model = false;
  decl->module.members = parse_members(p);
}

static void parse_model(struct parser *p, struct decl *decl) {
  decl->name = parser_expect_name(p, "the name of the model");
  p->in_model = true;
  decl->module.members = parse_members(p);
}

struct train_list {
  struct train_item *items;
  int count, capacity;
};

static void parse_targets(struct parser *p, struct train_item *item) {
  int capacity = 0;
  do arena_push(p->arena, item->targets, item->target_count, capacity, parse_postfix(p));
  while (parser_accept(p, TOKEN_COMMA));
}

static void parse_train_item(struct parser *p, void *into) {
  struct train_list *list = into;
  struct train_item item = {.span = token_span(p)};
  item.keyword = parser_expect_name(p, "a setting of the training, like 'optimizer' or 'batch'");
  item.value = parse_expr(p);
  if (parser_accept(p, TOKEN_FOR)) parse_targets(p, &item);
  item.span = span_since(p, item.span);
  if (!p->failed) arena_push(p->arena, list->items, list->count, list->capacity, item);
}

static void parse_train(struct parser *p, struct decl *decl) {
  struct train_list list = {0};
  parse_braces(p, parse_train_item, &list);
  decl->train.items = list.items;
  decl->train.count = list.count;
}

static void parse_test(struct parser *p, struct decl *decl) {
  decl->name = (struct ident){"", token_span(p)};
  if (parser_peek(p) == TOKEN_STRING)
    decl->name.text = lex_string(p->arena, p->source, parser_take(p));
  else
    parser_fail_expected(p, "the title of the test as a string");
  decl->test = parse_block(p);
}

static const struct decl_form forms[] = {
    {"import", DECL_IMPORT, parse_import}, {"config", DECL_CONFIG, parse_config}, {"let", DECL_LET, parse_let},
    {"fn", DECL_FN, parse_fn_decl},        {"module", DECL_MODULE, parse_module}, {"model", DECL_MODEL, parse_model},
    {"train", DECL_TRAIN, parse_train},    {"test", DECL_TEST, parse_test},
};

enum { FORM_COUNT = sizeof forms / sizeof *forms };

static void push(struct parser *p, struct decl_list *list, struct decl *decl, struct span first) {
  decl->span = span_since(p, first);
  if (!p->failed) arena_push(p->arena, list->items, list->count, list->capacity, decl);
}

/* A line of configs makes a declaration each; the first one's span begins at the keyword. */
static void parse_more_configs(struct parser *p, struct decl_list *list) {
  while (parser_accept(p, TOKEN_COMMA)) {
    struct decl *decl = arena_new_object(p->arena, struct decl);
    struct span first = token_span(p);
    decl->kind = DECL_CONFIG;
    parse_config(p, decl);
    push(p, list, decl, first);
  }
}

/* After a brace too many, the rest of a block stands outside: that is reported once. */
static void fail_declaration(struct parser *p) {
  const char *words[FORM_COUNT];
  for (int i = 0; i < FORM_COUNT; i++) words[i] = forms[i].word;
  struct span place = token_span(p);
  bool is_indented = place.begin > span_line(place).begin;
  if (p->lost && is_indented) p->failed = true;
  p->lost = true;
  parser_fail_line(p, "a declaration (import, config, let, fn, module, model, train or test)", words, FORM_COUNT);
}

void parse_declaration(struct parser *p, void *into) {
  struct decl_list *list = into;
  struct decl *decl = arena_new_object(p->arena, struct decl);
  struct span first = token_span(p);
  for (int i = 0; i < FORM_COUNT; i++) {
    if (!parser_at_keyword(p, forms[i].word)) continue;
    parser_take(p);
    p->lost = false;
    decl->kind = forms[i].kind;
    forms[i].parse(p, decl);
    push(p, list, decl, first);
    if (decl->kind == DECL_CONFIG) parse_more_configs(p, list);
    return;
  }
  fail_declaration(p);
}

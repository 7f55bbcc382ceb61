#include "runtime/pickle.h"

#include <stdlib.h>
#include <string.h>

/* A pickle of weights has some tens of values a tensor. */
enum { MOST_VALUES = 1 << 20, MOST_OPCODES = 1 << 21, MOST_MEMO = 1 << 20, BLOCK = 256 };

struct pickle_block {
  struct pickle_block *next;
  size_t count;
  struct pickle_value values[BLOCK];
};

struct machine {
  struct pickle *pickle;
  const unsigned char *bytes;
  size_t length, at, base;
  size_t opcode; /* where the present one stands */
  const struct pickle_class *classes;
  const char *name; /* of the file */
  struct hrm_error *error;
  struct pickle_items stack, memo; /* on the stack NULL is a mark */
  size_t values, steps;
  bool stopped;
};

struct opcode {
  const char *name;
  bool (*run)(struct machine *m, int argument);
  int argument;
};

/* ---- Failures ---- */

static bool damaged(const struct machine *m, const char *what) {
  return hrm_fail(m->error, HRM_INPUT, "%s: damaged pickle: %s at byte %zu", m->name, what, m->base + m->opcode);
}

static bool out_of_memory(const struct machine *m) {
  return hrm_fail(m->error, HRM_SYSTEM, "%s: out of memory", m->name);
}

/* ---- Values ---- */

static bool append(struct machine *m, struct pickle_items *list, struct pickle_value *value) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 4;
    struct pickle_value **grown = realloc(list->at, capacity * sizeof *grown);
    if (!grown) return out_of_memory(m);
    list->at = grown;
    list->capacity = capacity;
  }
  list->at[list->count++] = value;
  return true;
}

static bool push(struct machine *m, struct pickle_value *value) { return value && append(m, &m->stack, value); }

static bool append_all(struct machine *m, struct pickle_items *list, struct pickle_value *const *values,
                       size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!append(m, list, values[i])) return false;
  }
  return true;
}

static struct pickle_value *new_value(struct machine *m, enum pickle_kind kind) {
  struct pickle_block *block = m->pickle->blocks;
  if (m->values++ >= MOST_VALUES) return damaged(m, "more than a million values"), NULL;
  if (!block || block->count == BLOCK) {
    block = calloc(1, sizeof *block);
    if (!block) return out_of_memory(m), NULL;
    block->next = m->pickle->blocks;
    m->pickle->blocks = block;
  }
  struct pickle_value *value = &block->values[block->count++];
  value->kind = kind;
  value->offset = m->base + m->opcode;
  return value;
}

/* ---- Taking ---- */

/* The value on top of the stack; NULL where a mark or nothing is. */
static struct pickle_value *top(const struct machine *m) {
  struct pickle_value *value = m->stack.count ? m->stack.at[m->stack.count - 1] : NULL;
  if (!value) damaged(m, "nothing on the stack");
  return value;
}

static struct pickle_value *pop(struct machine *m) {
  struct pickle_value *value = top(m);
  if (value) m->stack.count--;
  return value;
}

/* The items above the last mark, which are taken from the stack with it; they stay in place until the next push. */
static bool pop_mark(struct machine *m, struct pickle_value ***items, size_t *count) {
  size_t depth = m->stack.count;
  while (depth > 0 && m->stack.at[depth - 1]) depth--;
  if (depth == 0) return damaged(m, "no mark");
  *items = m->stack.at + depth;
  *count = m->stack.count - depth;
  m->stack.count = depth - 1;
  return true;
}

static const unsigned char *take(struct machine *m, uint64_t length) {
  if (length > m->length - m->at) return damaged(m, "cut short"), NULL;
  const unsigned char *bytes = m->bytes + m->at;
  m->at += (size_t)length;
  return bytes;
}

/* A number of so many bytes, little-endian. */
static bool take_number(struct machine *m, int bytes, uint64_t *number) {
  const unsigned char *at = take(m, (uint64_t)bytes);
  *number = 0;
  for (int i = bytes - 1; at && i >= 0; i--) *number = *number << 8 | at[i];
  return at != NULL;
}

/* ---- Opcodes: each has run where it returns true ---- */

static bool protocol(struct machine *m, int argument) {
  uint64_t version;
  (void)argument;
  if (!take_number(m, 1, &version)) return false;
  if (version >= 2 && version <= 4) return true;
  return hrm_fail(m->error, HRM_INPUT, "%s: a pickle of protocol %d; 2 to 4 are read", m->name, (int)version);
}

/* A hint for reading ahead. */
static bool frame(struct machine *m, int argument) {
  uint64_t length;
  (void)argument;
  return take_number(m, 8, &length);
}

static bool stop(struct machine *m, int argument) {
  (void)argument;
  struct pickle_value *root = pop(m);
  if (!root) return false;
  if (m->stack.count > 0) return damaged(m, "values are left over");
  m->pickle->root = root;
  m->pickle->length = m->at;
  return m->stopped = true;
}

static bool mark(struct machine *m, int argument) {
  (void)argument;
  return append(m, &m->stack, NULL);
}

static bool constant(struct machine *m, int kind) { return push(m, new_value(m, (enum pickle_kind)kind)); }

static bool push_integer(struct machine *m, enum pickle_kind kind, int64_t integer) {
  struct pickle_value *value = new_value(m, kind);
  if (value) value->integer = integer;
  return push(m, value);
}

static bool truth(struct machine *m, int value) { return push_integer(m, PICKLE_BOOL, value); }

static bool whole(struct machine *m, int bytes) {
  uint64_t number;
  return take_number(m, bytes, &number) && push_integer(m, PICKLE_INTEGER, (int64_t)number);
}

static bool binint(struct machine *m, int bytes) {
  uint64_t number;
  return take_number(m, bytes, &number) && push_integer(m, PICKLE_INTEGER, (int32_t)number);
}

static bool push_bytes(struct machine *m, enum pickle_kind kind, uint64_t length) {
  const unsigned char *bytes = take(m, length);
  struct pickle_value *value = bytes ? new_value(m, kind) : NULL;
  if (!value) return false;
  value->text = (const char *)bytes;
  value->length = (size_t)length;
  return push(m, value);
}

/* Two's complement of any length; the sign is the last byte's. */
static bool longer(struct machine *m, int bytes) {
  uint64_t length, number;
  if (!take_number(m, bytes, &length)) return false;
  if (length > 8) return push_bytes(m, PICKLE_LONG, length);
  if (!take_number(m, (int)length, &number)) return false;
  if (length > 0 && length < 8 && number >> (8 * length - 1)) number |= ~UINT64_C(0) << 8 * length;
  return push_integer(m, PICKLE_INTEGER, (int64_t)number);
}

static bool real(struct machine *m, int argument) {
  const unsigned char *at = take(m, 8);
  uint64_t bits = 0;
  (void)argument;
  for (int i = 0; at && i < 8; i++) bits = bits << 8 | at[i];
  struct pickle_value *value = at ? new_value(m, PICKLE_REAL) : NULL;
  if (value) memcpy(&value->real, &bits, sizeof bits);
  return push(m, value);
}

static bool text(struct machine *m, int bytes) {
  uint64_t length;
  return take_number(m, bytes, &length) && push_bytes(m, PICKLE_TEXT, length);
}

static bool octets(struct machine *m, int bytes) {
  uint64_t length;
  return take_number(m, bytes, &length) && push_bytes(m, PICKLE_BYTES, length);
}

static bool short_tuple(struct machine *m, int count) {
  struct pickle_value *tuple = new_value(m, PICKLE_TUPLE), *items[3] = {0};
  if (!tuple) return false;
  for (int i = count - 1; i >= 0; i--) {
    if (!(items[i] = pop(m))) return false;
  }
  return append_all(m, &tuple->items, items, (size_t)count) && push(m, tuple);
}

static bool marked_tuple(struct machine *m, int argument) {
  struct pickle_value **items, *tuple = new_value(m, PICKLE_TUPLE);
  size_t count;
  (void)argument;
  return tuple && pop_mark(m, &items, &count) && append_all(m, &tuple->items, items, count) && push(m, tuple);
}

/* The value on top, to which items are added; it stays there. */
static struct pickle_value *container(struct machine *m, int kind) {
  struct pickle_value *value = top(m);
  if (!value || value->kind == (enum pickle_kind)kind) return value;
  damaged(m, kind == PICKLE_LIST ? "no list to append to" : "no dictionary to put items in");
  return NULL;
}

static bool extend_by(struct machine *m, int kind, struct pickle_value *const *items, size_t count) {
  struct pickle_value *to = container(m, kind);
  if (to && kind == PICKLE_DICT && count % 2) return damaged(m, "a key without a value");
  return to && append_all(m, &to->items, items, count);
}

static bool extend(struct machine *m, int kind) {
  struct pickle_value *items[2] = {NULL, pop(m)};
  if (!items[1]) return false;
  if (kind == PICKLE_LIST) return extend_by(m, kind, items + 1, 1);
  return (items[0] = pop(m)) && extend_by(m, kind, items, 2);
}

static bool extend_marked(struct machine *m, int kind) {
  struct pickle_value **items;
  size_t count;
  return pop_mark(m, &items, &count) && extend_by(m, kind, items, count);
}

static bool remember(struct machine *m, uint64_t index) {
  struct pickle_value *value = top(m);
  if (!value) return false;
  if (index >= MOST_MEMO) return damaged(m, "a memo of more than a million");
  while (m->memo.count <= index) {
    if (!append(m, &m->memo, NULL)) return false;
  }
  m->memo.at[index] = value;
  return true;
}

static bool put(struct machine *m, int bytes) {
  uint64_t index;
  return take_number(m, bytes, &index) && remember(m, index);
}

static bool memoize(struct machine *m, int argument) {
  (void)argument;
  return remember(m, m->memo.count);
}

static bool get(struct machine *m, int bytes) {
  uint64_t index;
  if (!take_number(m, bytes, &index)) return false;
  if (index >= m->memo.count || !m->memo.at[index]) return damaged(m, "nothing in the memo");
  return push(m, m->memo.at[index]);
}

static bool equals(const char *bytes, size_t length, const char *wanted) {
  return strlen(wanted) == length && memcmp(bytes, wanted, length) == 0;
}

/* A name as it may stand in a message: what is not printable is not shown. */
static const char *shown(const char *bytes, size_t length, char out[80]) {
  size_t count = length < 79 ? length : 79;
  for (size_t i = 0; i < count; i++) out[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?';
  out[count] = 0;
  return out;
}

static bool push_class(struct machine *m, const char *module, size_t module_length, const char *name,
                       size_t name_length) {
  char a[80], b[80];
  for (const struct pickle_class *c = m->classes; c->module; c++) {
    if (!equals(module, module_length, c->module) || !equals(name, name_length, c->name)) continue;
    struct pickle_value *value = new_value(m, PICKLE_CLASS);
    if (value) value->class = c;
    return push(m, value);
  }
  return hrm_fail(m->error, HRM_INPUT,
                  "%s: refused: the pickle names '%s.%s' at byte %zu; only tensors are read, and nothing is run",
                  m->name, shown(module, module_length, a), shown(name, name_length, b), m->base + m->opcode);
}

/* A line's bytes without its end. */
static bool take_line(struct machine *m, const char **line, size_t *length) {
  *line = (const char *)m->bytes + m->at;
  const char *end = memchr(*line, '\n', m->length - m->at);
  if (!end) return damaged(m, "cut short");
  *length = (size_t)(end - *line);
  m->at += *length + 1;
  return true;
}

static bool global_lines(struct machine *m, int argument) {
  const char *module, *name;
  size_t module_length = 0, name_length = 0;
  (void)argument;
  return take_line(m, &module, &module_length) && take_line(m, &name, &name_length) &&
         push_class(m, module, module_length, name, name_length);
}

static bool global_stack(struct machine *m, int argument) {
  (void)argument;
  const struct pickle_value *name = pop(m), *module = name ? pop(m) : NULL;
  if (!module) return false;
  if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT) return damaged(m, "a class whose name is no text");
  return push_class(m, module->text, module->length, name->text, name->length);
}

static bool call(struct machine *m, int argument) {
  (void)argument;
  const struct pickle_value *arguments = pop(m), *callee = arguments ? pop(m) : NULL;
  if (!callee) return false;
  if (callee->kind != PICKLE_CLASS || arguments->kind != PICKLE_TUPLE) return damaged(m, "a call of no class");
  bool dict = callee->class->makes == PICKLE_MAKES_DICT;
  if (dict && arguments->items.count > 0) return damaged(m, "a dictionary made with arguments");
  struct pickle_value *value = new_value(m, dict ? PICKLE_DICT : PICKLE_CALL);
  if (!value) return false;
  value->class = callee->class;
  return append_all(m, &value->items, arguments->items.at, arguments->items.count) && push(m, value);
}

/* Attributes of a dictionary, as state dicts have: dropped. */
static bool build(struct machine *m, int argument) {
  (void)argument;
  return pop(m) && container(m, PICKLE_DICT);
}

static bool persistent(struct machine *m, int argument) {
  (void)argument;
  struct pickle_value *identifier = pop(m), *value = identifier ? new_value(m, PICKLE_PERSISTENT) : NULL;
  return value && append(m, &value->items, identifier) && push(m, value);
}

/* ---- The loop ---- */

static const struct opcode opcodes[256] = {
#define PICKLE_OPCODE(byte, name, handler, argument) [byte] = {name, handler, argument},
#define PICKLE_REFUSED(byte, name) [byte] = {name, NULL, 0},
#include "runtime/pickle_opcodes.def"
#undef PICKLE_OPCODE
#undef PICKLE_REFUSED
};

static bool refuse_opcode(const struct machine *m, int byte) {
  const char *name = opcodes[byte].name;
  if (!name) return damaged(m, "no opcode");
  return hrm_fail(m->error, HRM_INPUT, "%s: refused: the pickle has the opcode %s at byte %zu", m->name, name,
                  m->base + m->opcode);
}

static bool step(struct machine *m) {
  const unsigned char *byte;
  m->opcode = m->at;
  if (m->steps++ == MOST_OPCODES) return damaged(m, "more than two million opcodes");
  if (!(byte = take(m, 1))) return false;
  const struct opcode *o = &opcodes[*byte];
  return o->run ? o->run(m, o->argument) : refuse_opcode(m, *byte);
}

bool pickle_read(struct pickle *pickle, const void *bytes, size_t available, size_t base,
                 const struct pickle_class *classes, const char *name, struct hrm_error *error) {
  *pickle = (struct pickle){0};
  struct machine m = {.pickle = pickle,
                      .bytes = bytes,
                      .length = available,
                      .base = base,
                      .classes = classes,
                      .name = name,
                      .error = error};
  while (!m.stopped && step(&m)) continue;
  free(m.stack.at);
  free(m.memo.at);
  if (!m.stopped) pickle_free(pickle);
  return m.stopped;
}

void pickle_free(struct pickle *pickle) {
  for (struct pickle_block *block = pickle->blocks, *next; block; block = next) {
    for (size_t i = 0; i < block->count; i++) free(block->values[i].items.at);
    next = block->next;
    free(block);
  }
  *pickle = (struct pickle){0};
}

bool pickle_each(const struct pickle *pickle, enum pickle_kind kind,
                 bool (*visit)(void *context, const struct pickle_value *value), void *context) {
  for (const struct pickle_block *block = pickle->blocks; block; block = block->next) {
    for (size_t i = 0; i < block->count; i++) {
      if (block->values[i].kind == kind && !visit(context, &block->values[i])) return false;
    }
  }
  return true;
}

bool pickle_is_text(const struct pickle_value *value, const char *wanted) {
  return value->kind == PICKLE_TEXT && equals(value->text, value->length, wanted);
}

const struct pickle_value *pickle_find(const struct pickle_value *dict, const char *key) {
  for (size_t i = 0; dict->kind == PICKLE_DICT && i + 1 < dict->items.count; i += 2) {
    if (pickle_is_text(dict->items.at[i], key)) return dict->items.at[i + 1];
  }
  return NULL;
}

/* Python's pickles, protocols 2 to 4, read into a tree of values.  Nothing is ever run: an opcode outside a short
 * table and a class outside the reader's list are refused by name, with the byte at which they stand.
 *
 * Memory is bounded: by the pickle's length, and by a million values and two million opcodes.  A tree may hold a
 * value in several places, even in itself, as pickles may: who walks it has to bound his steps. */
#ifndef HRM_PICKLE_H
#define HRM_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/error.h"

enum pickle_kind {
  PICKLE_NONE,
  PICKLE_BOOL,    /* integer is 0 or 1 */
  PICKLE_INTEGER, /* of at most 64 bits */
  PICKLE_LONG,    /* a longer one: text holds its bytes, little-endian, two's complement */
  PICKLE_REAL,
  PICKLE_TEXT, /* or a string of Python 2 */
  PICKLE_BYTES,
  PICKLE_TUPLE,
  PICKLE_LIST,
  PICKLE_DICT, /* items: key, value, key, value, …; also an OrderedDict */
  PICKLE_CLASS,
  PICKLE_CALL,       /* what a class was called with: items is its arguments */
  PICKLE_PERSISTENT, /* items has one: the identifier of something outside the pickle */
};

enum pickle_makes { PICKLE_MAKES_CALL, PICKLE_MAKES_DICT };

/* A class or function that may stand in a pickle. */
struct pickle_class {
  const char *module, *name;
  enum pickle_makes makes; /* of a call: a PICKLE_CALL, or an empty PICKLE_DICT */
  int number;              /* for the reader */
};

struct pickle_items {
  struct pickle_value **at;
  size_t count, capacity;
};

struct pickle_value {
  enum pickle_kind kind;
  size_t offset; /* of the opcode that made it */
  int64_t integer;
  double real;
  const struct pickle_class *class; /* CLASS, CALL */
  const char *text;                 /* within the pickle; not terminated */
  size_t length;                    /* of text */
  struct pickle_items items;
};

struct pickle {
  const struct pickle_value *root;
  size_t length;               /* bytes up to and with STOP */
  struct pickle_block *blocks; /* own the values */
};

/* Reads the pickle at the beginning of `available` bytes, which have to outlive it.  classes end with an empty row.
 * base is added to the offsets in messages, in which name stands.  On failure nothing is left. */
bool pickle_read(struct pickle *pickle, const void *bytes, size_t available, size_t base,
                 const struct pickle_class *classes, const char *name, struct hrm_error *error);
void pickle_free(struct pickle *pickle); /* accepts all zeros */

/* Calls visit for every value of a kind, wherever it stands, until it returns false; returns whether all were. */
bool pickle_each(const struct pickle *pickle, enum pickle_kind kind,
                 bool (*visit)(void *context, const struct pickle_value *value), void *context);

const struct pickle_value *pickle_find(const struct pickle_value *dict, const char *key); /* or NULL */
bool pickle_is_text(const struct pickle_value *value, const char *text);

#endif

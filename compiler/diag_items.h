/* Inside of the diagnostics: what one holds. */
#ifndef HRMC_DIAG_ITEMS_H
#define HRMC_DIAG_ITEMS_H

#include "diag.h"
#include "excerpt.h"

struct note {
  struct span place;
  const char *text;
};

struct diag {
  enum message message;
  struct span place;
  const char *text;
  bool is_repeated; /* identical to an earlier one: neither counted nor printed */
  struct mark *ranges;
  int range_count, range_capacity;
  struct note *notes;
  int note_count, note_capacity;
  int call_count; /* of the notes: those of diag_note_since */
  struct suggestion suggestion;
};

struct diags {
  struct arena *arena;
  struct diag **items;
  int count, capacity;
};

/* How a severity is called, and the exit code that a diagnostic leads to. */
const char *severity_word(enum severity severity);
int diag_item_exit_code(const struct diag *x);

#endif

/* Diagnostics: every message that the compiler gives passes through here.
 *
 * A diagnostic has a message from the table in messages.def (its stable code, class and wording), a place, and any
 * number of further ranges (the reason why something else was expected) and notes.  Diagnostics accumulate; a stage
 * that reported an error returns NULL or false and the driver looks at diag_exit_code() between stages. */
#ifndef HRMC_DIAG_H
#define HRMC_DIAG_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A text that diagnostics point into: a file, a library file, a command-line definition, a line at the prompt. */
struct source {
  const char *name; /* as shown in messages */
  const char *text; /* NUL-terminated copy */
  size_t length;
  bool is_option; /* of the command line */
};

/* Bytes [begin, end) of a source; source NULL: no place. */
struct span {
  const struct source *source;
  uint32_t begin, end;
};

struct span span_join(struct span first, struct span last);

enum severity {
  SEVERITY_WARNING,
  SEVERITY_ERROR,      /* the user's mistake: exit code 1, or 2 where its place is in the command line */
  SEVERITY_USAGE,      /* a mistake on the command line: exit code 2 */
  SEVERITY_LIMITATION, /* correct, but not supported: exit code 3 */
  SEVERITY_BUG,        /* our mistake: exit code 4 */
  SEVERITY_SYSTEM      /* the system's refusal (disk, missing program): exit code 5 */
};

enum message {
#define MESSAGE(name, code, severity, format) MSG_##name,
#include "messages.def"
#undef MESSAGE
  MESSAGE_COUNT
};

struct diag;  /* one diagnostic */
struct diags; /* all of one compilation */

struct diags *diags_new(struct arena *a);

/* Reports a message at a place; the arguments are those of the message's format.  Returns the diagnostic so that
 * ranges and notes can be added to it. */
struct diag *diag_report(struct diags *d, enum message message, struct span place, ...);
struct diag *diag_vreport(struct diags *d, enum message message, struct span place, va_list arguments);

/* Adds a second range within the excerpt, with its label ("~~~ [seq_len, hidden] = [81, 512]"). */
void diag_range(struct diags *d, struct diag *diagnostic, struct span place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a note with its own excerpt (place.source may be NULL: text alone). */
void diag_note(struct diags *d, struct diag *diagnostic, struct span place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Suggests another text for a place, shown as "did you mean 'text'?"; text NULL: nothing.  Whoever prints the
 * diagnostics first tries what was suggested and refutes what does not help (driver/suggest.c). */
void diag_suggest(struct diags *d, struct diag *diagnostic, struct span place, const char *text);

struct suggestion {
  struct span place;
  const char *text; /* NULL: none */
};

/* The suggestion of diagnostic `number` of diag_mark(), and taking it back. */
struct suggestion diag_suggestion(const struct diags *d, int number);
void diag_refute(struct diags *d, int number);

/* Whether an error lies in a range. */
bool diag_has_error_in(const struct diags *d, struct span range);

/* Does `found` have an error like diagnostic `number` of d: of the same message, at the same place of a file of the
 * same name?  False where that is no error, or is in no file. */
bool diag_has_like(const struct diags *found, const struct diags *d, int number);
bool diag_points_into(const struct diag *diagnostic, const struct source *source); /* itself, or a note of it */
struct diag *diag_numbered(const struct diags *d, int number);

/* Diagnostic `number` is not printed, as it says nothing new; the exit code stays. */
void diag_hide(struct diags *d, int number);

/* The number of diagnostics so far.  diag_note_since adds a note to those made after it: the call by which
 * elaboration came there.  The innermost three calls are noted, and further ones that lead out into another file; a
 * call in which the diagnostic itself stands is not. */
int diag_mark(const struct diags *d);
void diag_note_since(struct diags *d, int mark, struct span place, const char *text);

/* Gives a place to those that have none, but for an interrupt, which is no fault of any text. */
void diag_place_all(struct diags *d, struct span place);

/* Reports why work was ended. */
void diag_report_end(struct diags *d, const struct guard *guard);

int diag_count(const struct diags *d, enum severity at_least);

/* 0 when nothing worse than a warning was reported; else the exit code of the worst class. */
int diag_exit_code(const struct diags *d);

/* Prints all diagnostics in order of report, identical ones once.  Colour only when asked. */
void diag_print(const struct diags *d, FILE *out, bool colour);

/* The same as JSON, one object a line:
 *   {"severity": "error", "exit_code": 1, "code": "E201", "message": "unknown name 'wieght'",
 *    "file": "m.hrm", "range": RANGE,
 *    "ranges": [{"label": "[S, 4] = [9, 4]", "file": "m.hrm", "range": RANGE}],
 *    "notes": [{"message": "'x' is declared here", "file": "m.hrm", "range": RANGE}],
 *    "suggestion": {"replacement": "weight", "file": "m.hrm", "range": RANGE}}
 * RANGE is {"start": PLACE, "end": PLACE} with end behind the last character, and PLACE {"line": 1, "column": 1,
 * "byte": 0}: lines and columns count from 1 and columns are characters, bytes count from 0.  "file" and "range" are
 * null where a message has no place, "suggestion" is null where there is none; applied, it takes the error away. */
void diag_print_json(const struct diags *d, FILE *out);

/* A message's row of messages.def, for those who look it up by its number. */
const char *message_code(enum message message);
const char *message_format(enum message message);
enum severity message_severity(enum message message);

#endif

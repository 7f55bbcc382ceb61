/* A session of the REPL: declarations, values, and the model that is trained in it.
 *
 * A session keeps texts and numbers alone.  Each entry at the prompt parses and elaborates the declarations anew, in
 * an arena of its own that ends with the entry, so that memory does not grow with the number of entries.  What an
 * entry would change is tried in the entry, and taken over when nothing can fail any more: one that fails, by a
 * mistake, for want of memory or by a bug of ours, leaves the session as it was. */
#ifndef HRMC_REPL_SESSION_H
#define HRMC_REPL_SESSION_H

#include "../driver/compile.h"

/* A text with declarations: a file, or one declaration of the prompt.  Later ones replace earlier ones of their name.
 */
struct unit {
  struct source *source; /* owned */
  bool is_file;
};

/* A tensor under a name. */
struct held {
  struct symbol symbol; /* ROLE_INPUT; the name is owned */
  void *data;           /* owned */
};

/* NAME = MODULE(ARGUMENTS) */
struct field {
  char *name;
  struct source source; /* of the right side; owned */
};

/* A parameter or buffer of an instance. */
struct parameter_value {
  char *path;
  struct type type;
  float *data;
};

struct trained_model; /* repl/model.h */

/* What `:set` changes beside configs; 0: as the train block says, one a core. */
struct run_settings {
  int64_t batch, threads;
  uint64_t seed;
  double lr;
};

struct session {
  struct guard guard;     /* of its entries */
  struct options options; /* defines are owned by the session */
  char *file;             /* that was loaded; NULL: none */
  struct unit *units;
  int unit_count;
  struct held *held;
  int held_count;
  struct field *fields;
  int field_count;
  struct parameter_value *parameters;
  int parameter_count;
  char **history; /* entries as typed */
  int history_count;
  struct engine *engine;
  struct trained_model *model; /* NULL: not compiled yet, or changed since */
  struct run_settings run;
  bool print_full, interactive, colour, done, watches;
  bool single;       /* there is one entry: it has a value or is a command */
  int64_t file_time; /* of the file's last change when it was read, in nanoseconds */
  int exit_code;     /* of the worst error so far */
};

/* One entry: what is typed, and a compilation over the session's declarations. */
struct entry_run {
  struct session *session;
  struct compilation c;
  const struct source *typed;
  struct span place;           /* of mistakes that have no other; no source: nowhere */
  struct arena *messages;      /* of the diagnostics, so that there is room to tell of want of memory */
  struct options options;      /* the session's, and those that are tried */
  const struct source **tried; /* texts behind the session's, that are tried */
  int tried_count, tried_capacity;
  const struct session_field *tried_field; /* or NULL */
  const char *left_out;                    /* or NULL: a name that declarations of the prompt do not have */
  bool tries_file;                         /* the one that is tried is a file, in place of all texts of the session */
  struct trained_model *unfinished; /* a model that is being built, or could not be: its texts stand in messages */
};

void session_open(struct session *s, const struct options *options);
void session_close(struct session *s);

/* Begins without a file: the library is at hand as `nn`. */
void session_begin(struct session *s);

/* Reads a file as the session's declarations; those of the prompt are dropped, values stay.  False after an error
 * (printed): the session is as it was. */
bool session_load(struct session *s, const char *path);

/* One entry: a command, declarations, NAME = EXPRESSION or an expression.  Prints its result, or diagnostics, to
 * standard output and standard error; false after an error. */
bool session_enter(struct session *s, const char *text);
bool session_enter_bytes(struct session *s, const char *text, size_t length); /* among which may be zeros: an error */

/* ---- inside of the REPL ---- */

/* Opens an entry, and runs its work under the session's guard; closing it prints what was reported, and returns
 * whether that was no error. */
void entry_begin(struct entry_run *r, struct session *s, const char *text);
void entry_run(struct entry_run *r, void (*work)(void *entry));
bool entry_end(struct entry_run *r);

/* The session's declarations as one file, in r->c.ast; false after an error (reported). */
bool session_ast(struct entry_run *r);

/* Whether all declarations hold together: configs have values, and the model, where there is one, can be elaborated.
 * False after an error (reported). */
bool session_check(struct entry_run *r);

/* session_load within an entry. */
bool session_read(struct entry_run *r, const char *path);

/* What an expression that is typed can name; with_model: also the model's members. */
struct session_names session_names(struct entry_run *r, bool with_model);

/* Whether a text has the name among its tokens. */
bool text_mentions(struct arena *a, struct span text, const char *name);

/* The text of a declaration by itself: with "config", which a line of several has once. */
char *declaration_text(struct arena *a, const struct decl *d);
/* The session's declarations as a file would have them, after session_ast: the loaded file's text, comments and all,
 * with what was declared anew in its place and what is new behind it. */
const char *session_text(struct entry_run *r);

const struct decl *session_model(const struct entry_run *r); /* of r->c.ast; NULL: none */

/* Parses and elaborates an expression, and what it is differentiated with respect to (no source: nothing). */
bool session_elaborate(struct entry_run *r, struct span x, struct span wrt, struct answer *out);

struct held *session_find_held(const struct session *s, const char *name);
void session_forget(struct session *s, const char *name); /* a value or field of this name */

/* The values of a parameter: what training or the session made of it, else drawn as training starts with it. */
const float *session_parameter(struct session *s, const struct weight *w);

/* Declarations of the prompt (repl/declare.c): replaces those of their names.  False after an error (reported). */
bool session_declare(struct entry_run *r, const struct source *text);
bool is_declaration(struct arena *a, const struct source *text);

/* Makes a name free for a tensor: declarations of the prompt go, and one of the file's is an error (reported: false),
 * as is one that cannot do without. */
bool session_give_way(struct entry_run *r, const char *name, struct span place);
bool unit_declares_only(struct entry_run *r, const struct unit *u, const char *name); /* and is the prompt's */

/* Says, where the name that was assigned is a member's of the model too, that this one stays as it is. */
void tell_kept_member(const struct entry_run *r, const char *name);

/* The session's own memory; without it the entry ends. */
void *session_grown(struct session *s, void *items, int count, size_t size); /* room for one more */
char *session_copy(struct session *s, const char *text);                     /* of NULL: NULL */

void session_add_unit(struct session *s, const struct source *text, bool is_file); /* a copy */
void session_drop_unit(struct session *s, int number);

/* A command: text behind ':'. (repl/command.c) */
bool session_command(struct entry_run *r);

/* How expressions are evaluated (repl/evaluate.c). */
struct session_tensor {
  struct type type;
  void *data; /* lives as long as the entry's arena */
};

/* value, gradient and seconds may be NULL; with seconds it runs again and again for a moment, and the shortest run
 * counts. */
bool session_evaluate(struct entry_run *r, const struct answer *a, struct session_tensor *value,
                      struct session_tensor *gradient, double *seconds);

/* The symbols that an expression's graph reads and writes. */
struct symbol **session_symbols(struct entry_run *r, const struct answer *answer, int *count);

/* Prints a tensor behind its type (repl/print.c). */
void print_tensor(FILE *out, const char *type, const struct session_tensor *t, bool full);

#endif

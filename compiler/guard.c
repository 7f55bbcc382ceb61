#include "guard.h"

#include <stdio.h>
#include <stdlib.h>

bool guard_run(struct guard *g, void (*work)(void *context), void *context) {
  jmp_buf here;
  bool ended = setjmp(here) != 0;
  if (!ended) {
    g->border = &here;
    work(context);
  }
  g->border = NULL;
  return !ended;
}

_Noreturn static void end(struct guard *g) {
  jmp_buf *border = g->border;
  g->border = NULL; /* what fails from here on is not of this work */
  longjmp(*border, 1);
}

void guard_end(struct guard *g, enum guard_cause cause, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  guard_vend(g, cause, format, arguments);
}

void guard_vend(struct guard *g, enum guard_cause cause, const char *format, va_list arguments) {
  struct guard none = {.border = NULL};
  struct guard *told = g && g->border ? g : &none;
  told->cause = cause;
  vsnprintf(told->text, sizeof told->text, format, arguments);
  if (told == g) end(g);
  fprintf(stderr, "hrmc: %s: %s\n", cause == GUARD_BUG ? "internal error" : "error", told->text);
  exit((int)cause);
}

void guard_check(struct guard *g) {
  if (!g || !g->border || !g->interrupted || !g->interrupted()) return;
  g->cause = GUARD_INTERRUPT;
  g->text[0] = '\0';
  end(g);
}

/* The explanations of messages, embedded at build time from compiler/explanations.md (compiler/explain.awk writes the
 * definition). */
#ifndef HRMC_EXPLAIN_H
#define HRMC_EXPLAIN_H

/* The text of a code ("E201"), static; NULL: there is none. */
const char *explanation(const char *code);

#endif

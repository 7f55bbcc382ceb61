/* The standard library's texts, embedded at build time from stdlib/ (compiler/stdlib.awk writes the definitions). */
#ifndef HRMC_LIBRARY_H
#define HRMC_LIBRARY_H

/* The text of module `name` ("nn" for stdlib/nn.hrm), static; NULL: there is none. */
const char *stdlib_text(const char *name);

/* The name of module `number`, counted from 0; NULL beyond the last. */
const char *stdlib_name(int number);

#endif

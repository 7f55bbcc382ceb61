/* Look-ups in a program. */
#include "program.h"

int program_tensor(const struct program *p, const struct symbol *symbol) {
  for (int i = 0; i < p->tensor_count; i++)
    if (p->tensors[i].symbol == symbol) return i;
  arena_fail(p->arena, GUARD_BUG, "the program has no tensor '%s'", symbol->name);
}

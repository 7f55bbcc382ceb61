/* See machine.h. */
#include "machine.h"

struct machine machine_generic(void) {
  return (struct machine){.vector_bytes = 16, .vector_registers = 16, .l1_bytes = 32 << 10, .l2_bytes = 512 << 10};
}

int machine_lanes(const struct machine *m) { return m->vector_bytes / 4; }

int machine_panel(const struct machine *m) { return 2 * machine_lanes(m); }

struct register_tile machine_register_tile(const struct machine *m, int64_t rows) {
  bool many = m->vector_registers >= 32;
  int accumulators = many ? 24 : 12;
  int vectors = rows > 6 ? 2 : rows > 3 || !many ? 4 : 8;
  return (struct register_tile){accumulators / vectors, vectors};
}

/* The differences that a comparison with a recorded run found, as a row of the table in doc/equality.md. */
#ifndef HRM_TESTS_MEASURED_H
#define HRM_TESTS_MEASURED_H

/* KIND(identifier, heading): columns of the table */
#define MEASURED_KINDS(KIND)                                                                                         \
  KIND(LOGITS, "logits")                                                                                             \
  KIND(VALUES, "halt, continue, target")                                                                             \
  KIND(STATES, "states")                                                                                             \
  KIND(LOSSES, "losses, metrics")                                                                                    \
  KIND(GRADIENTS, "first gradients")                                                                                 \
  KIND(WEIGHTS, "final weights")

enum measured_kind {
#define MEASURED_ENUMERATE(identifier, heading) MEASURED_##identifier,
  MEASURED_KINDS(MEASURED_ENUMERATE)
#undef MEASURED_ENUMERATE
      MEASURED_COUNT
};

/* The largest of each kind, relative to the largest magnitude of its tensor; all zeros at first. */
struct measured {
  double worst[MEASURED_COUNT];
  int tensors[MEASURED_COUNT];
};

/* A tensor by the name under which runs record it: "step3.z_H", "grad.NAME", "final.NAME". Integers have no kind. */
void measured_note(struct measured *m, const char *name, double relative);

/* The row, on standard output. */
void measured_print(const struct measured *m, const char *run);

#endif

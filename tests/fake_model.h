/* A model written by hand, so that the runtime is tested without the compiler.
 *
 * logits[s] = W[inputs[s]] + puzzle row; one state that counts segments; halt = q[0] + 0.1·(count + inputs[0]),
 * continue = q[1].
 *
 * The environment makes it misbehave: FAKE_NAN=loss:N or gradient:N gives a value that is not finite in the step that
 * follows the N-th change of the weights; FAKE_SLEEP=US makes each tile take so many microseconds; with FAKE_FALLING
 * set the halt value falls by 1 a segment. */
#ifndef FAKE_MODEL_H
#define FAKE_MODEL_H

#include "runtime/model.h"

enum { FAKE_LENGTH = 16, FAKE_VOCABULARY = 6, FAKE_IDENTIFIERS = 5 };

extern const struct hrm_code fake_code;

/* Its description with other values: changes is a JSON object that is merged in.  NULL: none. */
bool fake_description(struct description *d, const char *changes, struct hrm_error *error);

#endif

/* Recorded runs of the published code: a folder with config.json, weights, batches and expected tensors. */
#ifndef HRM_TESTS_FIXTURE_H
#define HRM_TESTS_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

struct fixture;

struct fixture *fixture_open(const char *folder); /* aborts with a word where a file is malformed */
void fixture_close(struct fixture *f);

/* FILE is "weights", "batches" or "expected".  The tensor as doubles, to be freed; NULL: no such tensor. */
double *fixture_tensor(const struct fixture *f, const char *file, const char *name, int64_t *count);

/* Calls visit for every tensor of a file. */
void fixture_each(const struct fixture *f, const char *file,
                  void (*visit)(void *context, const char *name, const double *values, int64_t count), void *context);

/* Of config.json's "model": a number as text for -D ("512", "rope"); or of its top level. In memory of the fixture.
 */
const char *fixture_setting(const struct fixture *f, const char *name);
int64_t fixture_number(const struct fixture *f, const char *name);

#endif

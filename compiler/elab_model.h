/* The model of a file: compiler/elab_model.c. */
#ifndef HRMC_ELAB_MODEL_H
#define HRMC_ELAB_MODEL_H

#include "elab.h"

/* Fills e->program from the model's declaration and the train block (may be NULL).  False after an error. */
bool elab_model(struct elab *e, struct scope *file, const struct decl *decl, const struct decl *train);

#endif

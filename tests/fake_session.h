/* What a session of the tests works on: a small model and a data set for it. */
#ifndef FAKE_SESSION_H
#define FAKE_SESSION_H

#include "runtime/error.h"

/* Writes FOLDER/m.hrm, the model M with a module Mixer and a function twice, and the data set FOLDER/data. */
bool fake_session_write(const char *folder, struct hrm_error *error);

#endif

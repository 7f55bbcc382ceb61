/* Does this machine have what the code was compiled for? */
#ifndef HRM_CPU_H
#define HRM_CPU_H

#include "runtime/error.h"

/* features as LLVM writes them: "+avx2,+fma,-avx512f".  Features that this table does not know are taken to be there.
 */
bool cpu_check(const char *cpu, const char *features, struct hrm_error *error);

#endif

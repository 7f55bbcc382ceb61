#!/bin/bash
# Test blocks: the library's own, and those of the numbers.

set -u
HRMC=$(realpath "${HRMC:-./hrmc}")
cd "${top_srcdir:-.}" || exit 1
exec "$HRMC" test stdlib/*.hrm tests/numbers.hrm

#!/bin/bash
# The library's own test blocks.

set -u
HRMC=$(realpath "${HRMC:-./hrmc}")
cd "${top_srcdir:-.}" || exit 1
exec "$HRMC" test stdlib/*.hrm

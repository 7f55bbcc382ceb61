# What the test scripts share; they begin with
#   source "${top_srcdir:-.}/tests/harness.sh"
# and end with `finish`, whose line build-aux/count-tests reads.  Sets, all absolute: top (the sources), built, HRMC,
# HRM_DATA, and work, a folder that is gone at the end.
set -u
top=$(realpath "${top_srcdir:-.}") built=$(realpath "${top_builddir:-.}")
HRMC=$(realpath -m "${HRMC:-$built/hrmc}") HRM_DATA=$(realpath -m "${HRM_DATA:-$built/hrm-data}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

pass() { passed=$((passed + 1)); }

fail() {
  failed=$((failed + 1))
  echo "FAIL: $*"
}

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then pass; else fail "$name"; fi
}

# code N COMMAND...: ends with the exit code N; its output is in $work/out.
code() {
  local wanted=$1 got
  shift
  "$@" >"$work/out" 2>&1 </dev/null
  got=$?
  [ "$got" -eq "$wanted" ] && return
  echo "exit $got instead of $wanted: $*"
  head -c 500 "$work/out"
  return 1
}

# prints CODE PATTERN COMMAND...: the exit code, and a pattern (of grep -E) in what is printed on either stream, which
# is in $work/out: one test.
prints() {
  local wanted=$1 pattern=$2
  shift 2
  if ! code "$wanted" "$@"; then
    fail "$*"
  elif grep -qE -e "$pattern" "$work/out"; then
    pass
  else
    fail "$* does not print /$pattern/: $(head -c 500 "$work/out")"
  fi
}

# finish [LEAST]: the closing line; a script with fewer tests has lost some.
finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -ge "${1:-1}" ]
}

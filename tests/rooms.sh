#!/bin/bash
# Headers are included as HACKING.md says: LLVM's in compiler/emit alone, nothing of the compiler in the runtime, the tree
# in front of the graphs alone.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$top" || exit 1

# includes PATTERN FILE...: the files that include a header whose name begins so
includes() {
  local pattern=$1
  shift
  grep -lE "^#include [<\"](\.\./)*$pattern" "$@" | LC_ALL=C sort | paste -sd ' '
}

same() { check "$1: '$2' and not '$3'" test "$2" = "$3"; } # NAME GOT EXPECTED

files() { find "$@" -name '*.[ch]'; }
mapfile -t outside < <(files compiler runtime doc tests | grep -v '^compiler/emit/')
mapfile -t runtime < <(files runtime)
mapfile -t behind < <(files compiler -maxdepth 1 |
  grep -vE '^compiler/(ast|parse|elab|lex|infer|format|warn|forms|library|explain)[a-z_]*\.[ch]$')
mapfile -t emit < <(files compiler/emit)
same "LLVM's headers outside of compiler/emit" "$(includes llvm-c/ "${outside[@]}")" ''
same 'the compiler in the runtime' "$(includes compiler/ "${runtime[@]}")" ''
same 'the tree behind the graphs' "$(includes '(ast|parse|elab|lex)[a-z_]*\.h' "${behind[@]}" "${emit[@]}")" ''
same 'the session outside of the prompt' \
  "$(includes 'repl/' "${runtime[@]}" "${behind[@]}" "${emit[@]}")" ''

# of what includes much, something is found
check 'the pattern finds LLVM in compiler/emit' test -n "$(includes llvm-c/ "${emit[@]}")"
check 'and the tree in front' test -n "$(includes 'ast\.h' compiler/*.h)"
finish

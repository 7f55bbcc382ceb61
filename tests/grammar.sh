#!/bin/bash
# The words and productions of the grammar in doc/language.md, and the keywords of the editors' syntax files, against the
# lexer's and the parser's tables.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$top" || exit 1

# Every word that the parser compares with is written out in it; "range" is the function that `..` calls.
words=$({ grep -ohE '"[a-z]+"' compiler/parse_*.c; grep -oE '^RESERVED\([A-Z]+, "[a-z]+"' compiler/tokens.def |
  grep -oE '"[a-z]+"'; } | tr -d '"' | grep -vx range | sorted)
punctuation=$(grep -oE '^PUNCTUATION\([A-Z_]+, "[^"]+"' compiler/tokens.def | grep -oE '"[^"]+"' | tr -d '"' | sorted)

# --- the grammar ---

grammar=$(sed -n '/^## Grammar$/,/^## /p' doc/language.md | sed -n '/^```/,/^```/p' | grep -v '^```' | sed 's/(\*[^*]*\*)//')
quoted=$(grep -oE '"[^"]+"' <<<"$grammar" | tr -d '"')
same 'words of the grammar and of the parser' "$words" "$(grep -xE '[a-z]+' <<<"$quoted" | sorted)"
same 'punctuation of the grammar and of the lexer' "$punctuation" "$(grep -vxE '[a-z]+' <<<"$quoted" | sorted)"

names=$(sed 's/"[^"]*"/ /g' <<<"$grammar")
defined=$(grep -oE '[a-z]+ +=' <<<"$names" | tr -d ' =' | sorted)
used=$(sed -E 's/[a-z]+ +=/ /g' <<<"$names" | grep -oE '[a-z]+' | sorted)
tokens='name newline number string'
same 'productions that are used, and tokens' "$used" \
  "$(tr ' ' '\n' <<<"$defined $tokens" | grep -vx file | sorted)"

# --- syntax files ---

same 'keywords in Vim' "$words" "$(sed -n 's/^syntax keyword hrm[A-Za-z]* //p' editors/vim/syntax/hrm.vim | tr ' ' '\n' | sorted)"
same 'keywords in VS Code' "$words" \
  "$(grep -oE '\\\\b\([a-z|]+\)\\\\b' editors/vscode/syntaxes/hrm.tmLanguage.json | tr -d '()\\' | sed 's/^b//; s/b$//' |
    tr '|' '\n' | sorted)"

# What Vim makes of a program; `n` is what is not coloured.
if command -v vim >/dev/null; then
  printf 'module Block(width) { # one\n  param weight: [width] ~ zeros\n  let x = "two"\n}\n' >"$work/a.hrm"
  # shellcheck disable=SC2016
  vim -N -u NONE -i NONE -es --cmd "set runtimepath^=$PWD/editors/vim" --cmd 'filetype plugin on | syntax on' \
    "$work/a.hrm" -c 'redir! > '"$work/out" \
    -c 'for at in [[1,1],[1,8],[1,24],[2,3],[2,9],[3,12]] | echo synIDattr(synID(at[0], at[1], 1), "name") | endfor' \
    -c 'echo &filetype &commentstring' -c 'redir END' -c 'qa!' </dev/null
  same 'colours in Vim' 'hrmDeclaration n hrmComment hrmDeclaration n hrmString hrm # %s' \
    "$(sed '1d; s/^$/n/' "$work/out" | paste -sd ' ')"
else
  echo 'without Vim'
fi

finish

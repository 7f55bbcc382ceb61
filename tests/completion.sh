#!/bin/bash
# Help, manual pages and completion say the same of every command, and completion in bash offers what fits.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$built" || exit 1
model=$built/tests/fake_model
source doc/bash/hrmc || exit 1
source doc/bash/hrm-data || exit 1

# --- agreement ---

# The long options that a program's help lists.
help_options() { "$@" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | grep -vx -- --usage | sorted; }
# Those of a page from one heading to the next.
man_options() { # PAGE HEADING
  sed -n "/^\.S[hs] $2\$/,/^\.S[hs] /p" "doc/$1" | grep '^\.It Fl' | grep -oE ' -[a-z-]+' | sed 's/^ -/--/' | sorted
}
zsh_options() { # FILE FUNCTION
  sed -n "/^_$2() {\$/,/^}/p" "doc/zsh/$1" | grep -oE -- "[{,* ']--[a-z-]+" | grep -oE -- '--[a-z-]+' | sorted
}
bash_options() { "_$1_options" "$2" | tr ' ' '\n' | grep -- '^--' | sorted; } # TABLE COMMAND

# check_command TABLE COMMAND ZSH-FILE PROGRAM [COMMAND]
check_command() {
  local table=$1 command=$2 file=$3 listed
  shift 3
  listed=$(help_options "$@")
  same "bash completion of $*" "$listed" "$(bash_options "$table" "$command")"
  same "zsh completion of $*" "$listed" "$(zsh_options "$file" "${table}_$command")"
}

check_command hrmc compile _hrmc "$HRMC"
for command in $(_hrmc_commands); do check_command hrmc "$command" _hrmc "$HRMC" "$command"; done
for command in $(_hrm_model_commands); do
  check_command hrm_model "$command" _hrmc "$model" "$command"
  same "hrmc.1 of $command" "$(help_options "$model" "$command")" "$(man_options hrmc.1 "$command")"
done
for command in $(_hrm_data_commands); do
  check_command hrm_data "$command" _hrm-data "$HRM_DATA" "$command"
  same "hrm-data.1 of $command" "$(help_options "$HRM_DATA" "$command")" "$(man_options hrm-data.1 "$command")"
done
all=$({ "$HRMC" --help; for command in $(_hrmc_commands); do "$HRMC" "$command" --help; done; } |
  grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | grep -vx -- --usage | sorted)
same 'hrmc.1' "$all" "$(man_options hrmc.1 OPTIONS)"

commands_of() { "$@" --help | grep -oE '^  [a-z]+ +[^ ]' | awk '{ print $1 }' | sorted; }
same 'commands of hrmc' "$(commands_of "$HRMC")" "$(_hrmc_commands | tr ' ' '\n' | sorted)"
same 'commands of a model' "$(commands_of "$model")" "$(_hrm_model_commands | tr ' ' '\n' | sorted)"
same 'commands of hrm-data' "$(commands_of "$HRM_DATA")" "$(_hrm_data_commands | tr ' ' '\n' | sorted)"

# Keys stand once in a command.
for table in hrmc hrm_model hrm_data; do
  for command in $("_${table}_commands"); do
    same "keys of $command that stand twice" none \
      "$("_${table}_options" "$command" | tr ' ' '\n' | sort | uniq -d | grep . || echo none)"
  done
done

# --- commands in documents ---

# known_options TABLE COMMAND WORD...: every word that looks like an option is one of the command's.
known_options() {
  local options word
  options=" $("_$1_options" "$2") "
  shift 2
  for word; do
    word=${word%%=*}
    [[ $word != -* || $word == - || $options == *" $word "* ]] || echo "$word"
  done
}

# A line of a shell block: of hrmc (behind "--" of a model), hrm-data, or a model's executable.
unknown_options() {
  local line=("$@") table=
  case ${line[0]##*/} in
    hrmc) table=hrmc ;;
    hrm-data) table=hrm_data ;;
    *) [[ ${line[0]} == ./* && " $(_hrm_model_commands) " == *" ${line[1]:-} "* ]] && table=hrm_model ;;
  esac
  [ -n "$table" ] || return 0
  local command own=()
  command=$("_${table}_command" "${line[1]:-}")
  for word in "${line[@]:1}"; do
    if [ "$word" = -- ]; then
      unknown_options ./model "${line[@]:${#own[@]} + 2}"
      break
    fi
    own+=("$word")
  done
  case ${own[*]} in
    *-D\ *) mapfile -t own < <(printf '%s\n' "${own[@]}" | grep -vE '^[A-Za-z_]+=') ;;
  esac
  known_options "$table" "$command" "${own[@]}"
}

commands_in_documents() {
  awk '/^```sh$/ { on = 1; next } /^```/ { on = 0 } on { sub(/#.*/, ""); if (sub(/\\$/, "")) printf "%s ", $0; else print }' \
    "$@" | sed 's/[|&;>)].*//; s/^\$ //'
}

seen=0
while read -ra line; do
  [ ${#line[@]} -gt 0 ] || continue
  seen=$((seen + 1))
  same "options in '${line[*]}'" none "$(unknown_options "${line[@]}" | grep . || echo none)"
done < <(cd "$top" && commands_in_documents README.md doc/*.md examples/*/README.md bench/README.md)
same 'commands in documents' yes "$([ "$seen" -gt 20 ] && echo yes)"

# --- completion ---

# offered FUNCTION WORD...: what is offered for the last word.
offered() {
  local function=$1
  shift
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  "$function" "$1" "${*: -1}" "${*: -2:1}" 2>/dev/null
  printf '%s\n' "${COMPREPLY[@]}" | sorted
}

mkdir "$work/data"
touch "$work/model.hrm" "$work/notes.txt"
cd "$work" || exit 1
same 'commands and files' 'data model.hrm run' "$(offered _hrmc hrmc '' | tr ' ' '\n' | grep -xE 'run|data|model.hrm|notes.txt' | sorted)"
same 'a command begun' check "$(offered _hrmc hrmc ch)"
same 'an option begun' '--emit' "$(offered _hrmc hrmc --em)"
same 'forms behind =' 'kernels' "$(offered _hrmc hrmc --emit = k)"
same 'forms right behind =' 'asm ast exe graph kernels llvm obj' \
  "$(offered _hrmc hrmc --emit = | tr ' ' '\n' | grep -xE 'asm|ast|exe|graph|kernels|llvm|obj' | sorted)"
same 'forms behind -e' 'obj' "$(offered _hrmc hrmc -e o)"
same 'files behind a form' 'data model.hrm' "$(offered _hrmc hrmc --emit = ast '')"
same 'folders' 'data' "$(offered _hrmc hrmc check --data '')"
same 'options of another command' none "$(offered _hrmc hrmc check --ti | grep . || echo none)"
same 'commands of the model' 'trace train' "$(offered _hrmc hrmc run model.hrm -- tr)"
same 'options of the model' '--data' "$(offered _hrmc hrmc run model.hrm -- eval --da)"
same 'an executable' '--checkpoint' "$(offered _hrm_model ./m solve --ch)"
same 'data sets' 'sudoku' "$(offered _hrm_data hrm-data su)"
same 'boxes' '2x2 2x3' "$(offered _hrm_data hrm-data sudoku --boxes 2)"
complete -p hrmc hrm-data >complete
same 'registered' '2' "$(grep -c '^complete -F _hrm' complete)"

finish

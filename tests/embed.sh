#!/bin/bash
# A model as a library: examples/embed built with a plain C compiler, what the library exports, and its errors.
source "${top_srcdir:-.}/tests/harness.sh"
read -ra cc <<<"${CC:-cc} ${SANITIZER_FLAGS:-}"
cd "$work" || exit 1

settings=(-D mlp_t=1 -D hidden_size=32 -D H_layers=1 -D L_layers=1 -D swiglu_multiple=8 -D pos_encodings=learned
  -D puzzle_emb_ndim=0 -D loss_type=softmax -D halt_max_steps=4 -D optim=adamw -D lr=3e-3 -D weight_decay=0.03
  -D warmup_steps=50 -D lr_floor=0.0)
hrmc() { "$HRMC" "$top/models/hrm.hrm" "${settings[@]}" --data data "$@"; }

"$HRM_DATA" sudoku --boxes 2x2 --givens 8 --train 200 --test 50 --augment 5 --seed 1 --output data >out || exit 1
check 'an executable' hrmc -o model
check 'training' ./model train --data data --batch 32 --seed 1 --threads 2 --output run --steps 300 >out 2>&1
check 'a header' hrmc --emit=header -o hrm_model.h
check 'a library' hrmc --emit=shared --target-cpu=x86-64-v3 -o libhrm_model.so
check 'a plain C compiler' "${cc[@]}" -std=c99 -pedantic -Wall -Wextra -Werror "$top/examples/embed/embed.c" -I. -o embed \
  -L. -lhrm_model -Wl,-rpath,"$work"
if command -v g++ >/dev/null; then
  printf '%s\n' '#include "hrm_model.h"' 'int main() { return hrm_version() == nullptr; }' >use.cc
  check 'a C++ compiler' g++ -std=c++11 -pedantic -Wall -Wextra -Werror ${SANITIZER_FLAGS:-} use.cc -I. -o use -L. \
    -lhrm_model -Wl,-rpath,"$work"
  check 'and its program' ./use
else
  echo 'without a C++ compiler'
fi

# what it does
puzzle=1...3412..4.4.21 answer=1234341221434321
check 'the example' code 0 ./embed run $puzzle $answer further.safetensors
solution=$(./model solve --checkpoint run $puzzle | tr -d '\n ')
check 'it answers as the executable does' test "$(head -n 1 out)" = "$solution"
check 'training steps' test "$(grep -c '^step [1-8]: loss [0-9.]*$' out)" = 8
check 'the loss falls' awk '/^step/ { if (!n++) first = $4; last = $4 } END { exit !(last < first) }' out
check 'the executable takes what was saved' \
  test "$(./model solve --checkpoint further.safetensors --data data $puzzle | tr -d '\n ')" = "$(tail -n 1 out)"

# errors come back
check 'no checkpoint' code 1 ./embed none $puzzle $answer further.safetensors
check 'its text' grep -q "^embed: none: " out
check 'no folder to save to' code 5 ./embed run $puzzle $answer none/further.safetensors
check 'its text' grep -q '^embed: none/further.safetensors: ' out
cat >errors.c <<'C'
#include "hrm_model.h"
#include <stdio.h>
int main(void) {
  struct hrm_model *model;
  struct hrm_error error;
  const struct hrm_options wrong = {.batch = -1}, training = {.batch = 2, .seed = 7};
  int32_t tokens[2 * HRM_INPUTS] = {0}, answers[2 * HRM_LABELS] = {0};
  printf("%d %s\n", hrm_open(&model, NULL, &wrong, &error), error.text);
  printf("%d\n", model != NULL);
  if (hrm_open(&model, NULL, NULL, &error)) return 1;
  tokens[HRM_INPUTS + 3] = HRM_VOCABULARY;
  printf("%d %s\n", hrm_solve(model, tokens, NULL, 2, 0, 0, answers, NULL, &error), error.text);
  printf("%d\n", hrm_solve(model, tokens, NULL, 1, 0, 0, answers, NULL, NULL));
  printf("%d %s\n", hrm_solve(model, tokens, NULL, 1, -4, 0, answers, NULL, &error), error.text);
  printf("%d %s\n", hrm_train(model, tokens, answers, NULL, 1, NULL, &error), error.text);
  hrm_close(model);
  hrm_close(NULL);
  if (hrm_open(&model, NULL, &training, &error)) return 1;
  tokens[HRM_INPUTS + 3] = 0;
  answers[1] = -7;
  printf("%d %s\n", hrm_train(model, tokens, answers, NULL, 1, NULL, &error), error.text);
  answers[1] = -100;
  printf("%d\n", hrm_train(model, tokens, answers, NULL, 1, NULL, NULL));
  printf("%d %s\n", hrm_train(model, tokens, answers, NULL, -1, NULL, &error), error.text);
  hrm_close(model);
  return 0;
}
C
cat >expected <<'TEXT'
1 a handle cannot have 0 threads and a batch of -1
0
1 inputs: example 1 has the value 6 at position 3; the bound is 6
0
1 1 puzzles cannot have -4 segments
1 the handle was opened with a batch of 0: it does not train
1 labels: example 0 has the value -7 at position 1; the bound is 6
0
1 a rate of -1 is not possible
TEXT
check 'a program of mistakes' "${cc[@]}" errors.c -I. -o errors -L. -lhrm_model -Wl,-rpath,"$work"
check 'mistakes' code 0 ./errors
check 'their texts' diff expected out

# what it exports
functions='hrm_close hrm_open hrm_save hrm_solve hrm_train hrm_version'
check 'its functions alone' \
  test "$(nm -D --defined-only libhrm_model.so | awk '{ print $3 }' | LC_ALL=C sort | paste -sd ' ')" = "$functions"
check 'no way to end the process' \
  bash -c "! nm -D --undefined-only libhrm_model.so | grep -qwE 'exit|_exit|abort|__assert_fail'"

# prefixes that the runtime has itself are not taken
sed 's/^model HRM/model Run/' "$top/models/hrm.hrm" >run.hrm
check 'another prefix' grep -q '^int run_model_open(' <("$HRMC" run.hrm "${settings[@]}" --data data --emit=header)
check 'and it can be linked' "$HRMC" run.hrm "${settings[@]}" --data data --emit=shared -o run.so

# no leak and no wrong access
if [ -n "${SANITIZER_FLAGS:-}" ] || ! command -v valgrind >/dev/null; then
  echo 'without valgrind'
else
  check 'valgrind' code 0 valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
    ./embed run $puzzle $answer further.safetensors
  check 'valgrind and mistakes' code 0 valgrind -q --error-exitcode=99 --leak-check=full \
    --errors-for-leak-kinds=definite ./errors
fi

finish

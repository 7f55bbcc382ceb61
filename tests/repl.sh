#!/bin/bash
# The REPL as a script: values, declarations, commands, errors, the session of the documentation, and a model that is
# trained in it.  (The terminal is tests/check_repl_terminal.c.)
source "${top_srcdir:-.}/tests/harness.sh"
cd "$work" || exit 1

session() { printf '%s\n' "$@" | "$HRMC" repl "${arguments[@]}"; } # ENTRY...: a line each

# says CODE EXPECTED ENTRY...: the entries end with the code, and print exactly this.
says() {
  local wanted=$1 expected=$2
  shift 2
  if code "$wanted" session "$@" && diff <(printf '%s\n' "$expected") out; then pass; else fail "$*"; fi
}

# shows CODE TEXT ENTRY...: the same, with TEXT somewhere in what is printed.
shows() {
  local wanted=$1 expected=$2
  shift 2
  tells "$wanted" "$expected" session "$@"
}

arguments=()

# values
says 0 '3' '1 + 2'
says 0 '"rope"' '"rope"'
says 0 '[3] 0.0900306 0.244728 0.665241' 'nn.softmax([1.0, 2.0, 3.0])'
says 0 $'[2, 3]\n   1 20 -300\n  40  5    6' '[[1.0, 20.0, -300.0], [40.0, 5.0, 6.0]]'
says 0 $'[2, 1, 2]\n[0, :, :]\n  1 2\n[1, :, :]\n  3 4' '[[[1.0, 2.0]], [[3.0, 4.0]]]'
says 0 'int[3] 0 1 2' 'iota(3)'
says 0 'int[100] 0 1 2 3 4 … 95 96 97 98 99' 'iota(100)'
shows 0 '50 51 52' ':print full' 'iota(100)'
shows 0 '⋮' 'fill(1.0, [100, 100])'
says 0 'fn softmax(x: [N]) -> [N]' 'nn.softmax'
says 0 '[1] nan' 'log([-1.0])'

# names
says 0 $'[2] 2 4\n[2] 3 6' 'a = [1.0, 2.0]' 'a + a' 'let b = a + a + a' 'b'
says 0 '6' 'let n = 2 * 3' 'n'
says 0 '[2] 1 3' 'let a = [1.0]' 'let a = [1.0, 3.0]' 'a'
says 0 $'redefined f; compiled again: g\n[1] 7' 'fn f(x: [N]) -> [N] { return x }' \
  'fn g(x: [N]) -> [N] { return f(x) + 1.0 }' 'fn f(x: [N]) -> [N] {' '  return x * 3.0' '}' 'g([2.0])'
says 0 $'5\n[1] 3' 'let a = 5' 'a' 'a = [3.0]' 'a'
says 1 $'prompt:1:1: error: \'nn\' is already defined [E202]\n    1 | nn = [1.0]\n      | ^~\nstart:1:1: note: here\n    1 | import nn' \
  'nn = [1.0]'
says 0 '[1] 3' 'fn f(x: [N]) -> [N] { return x * a }' 'a = [3.0]' 'f([1.0])'
says 0 '[out] = [2] 0 0' 'l = nn.Linear(3, 2, weight_init = zeros)' 'l([1.0, 2.0, 3.0])'
says 0 'prompt: 1 passed, 0 failed' 'test "t" { assert near(1.0, 1.0) }'
says 0 '[4] 1 2 3 4' '[1.0,' '2.0, 3.0,' '4.0]'
says 0 '6' '1 +' '2 +' '3 # six'
says 0 '1' '' '  # nothing' '1'

# commands
says 0 '[2]' ':type nn.softmax([1.0, 2.0])'
shows 0 'wrt' ':help grad'
shows 0 ':quit' ':help'
says 0 '1' '1' ':quit' '2'
says 0 $'1\n   1  1\n   2  :history' '1' ':history'
says 0 '[2] 2 4' 'a = [1.0, 2.0]' ':grad sum(a * a) wrt a'
says 0 'gradcheck: 1 passed, 0 failed' ':gradcheck nn.softmax, [0.1, 0.7]'
shows 0 'contract' 'a = [[1.0]]' ':graph a @ a'
shows 0 'define' 'a = [[1.0]]' ':llvm a + a'
shows 0 'ret' 'a = [[1.0]]' ':asm a + a'
shows 0 'loop' 'a = [[1.0]]' ':kernels a + a'
shows 0 ' us' 'a = [[1.0]]' ':time a + a'
shows 0 'f32[2]' 'a = [1.0, 2.0]' ':shape exp(a)'
says 0 $'let n = 3\na: f32[1]' 'n = 3' 'a = [1.0]' ':diff'

# errors: exactly the compiler's, and the session goes no further
says 0 'gradcheck: 1 passed, 0 failed' 'a = [0.1, -0.7, 1e-7]
:gradcheck nn.softmax, 2 * a'
says 1 $'prompt:1:24: error: unknown name \'b\' [E201]\n    1 | :gradcheck nn.softmax, b\n      |                        ^' \
  ':gradcheck nn.softmax, b'
says 1 $'prompt:1:12: error: unknown name \'f\' [E201]\n    1 | :gradcheck f\n      |            ^' ':gradcheck f'
shows 1 '      |            ^~~~~~~~~~~~~~~ a scalar' ':gradcheck nn.softmax, 1.0'
shows 1 '      |            ^~~~~~~~~~~~~~~' ':gradcheck nn.Linear(3, 2)'
shows 1 "':gradcheck' takes F[, X] [E421]" ':gradcheck nn.softmax,'
shows 1 ":gradcheck takes finite numbers, not 'nan' [E422]" 'a = log(fill(-1.0, [2]))' ':gradcheck nn.softmax, a'
shows 1 ":gradcheck takes finite numbers, not 'inf' [E422]" ':gradcheck nn.softmax, 1.0 / fill(0.0, [2])'
shows 1 ":gradcheck takes a point of up to 10000 numbers, not 'f32[10001]' [E422]" ':gradcheck nn.softmax, fill(1.0, [10001])'
shows 0 'gradcheck: 1 passed, 0 failed' ':gradcheck nn.softmax, [[0.1, -0.7], [2.0, 1.5]] * 2'
says 1 $'prompt:1:1: error: unknown name \'b\' [E201]\n    1 | b + 1\n      | ^' 'b + 1' '2'
says 1 $'prompt:1:9: error: unknown name \'b\' [E201]\n    1 | a = 1 + b\n      |         ^' 'a = 1 + b'
says 1 $'prompt:1:7: error: unknown name \'b\' [E201]\n    1 | :type b\n      |       ^' ':type b'
says 1 $'prompt:1:1: error: \':load\' takes FILE [E421]\n    1 | :load\n      | ^~~~~' ':load'
shows 1 $'      |                      ^~~' ':grad sum([1.0]) wrt sum'
shows 3 '1 | l = nn.Linear(1048576, 1048576)' 'l = nn.Linear(1048576, 1048576)'
shows 1 '[E314]' 'fill(0.0, [1099511627776])'
shows 1 '[E316]' 'nn.softmax([[1.0], [2.0, 3.0]])'
shows 1 '[E420]' ':tpye 1'
shows 1 "did you mean ':type'?" ':tpye 1'
shows 1 '[E421]' ':type'
shows 1 '[E421]' ':grad 1.0'
shows 1 ":eval takes a whole number from 0 on, not 'many' [E422]" ':eval many'
shows 1 'prompt:1:7: error' ':eval many'
shows 1 "lr takes a number above 0, not '-1' [E422]" ':set lr=-1'
shows 1 "batch takes a whole number from 1 to 1048576, not '0' [E422]" ':set batch=0'
says 0 '5' 'config a = 2, b = 3' 'a + b'
shows 1 '[E423]' ':memory'
shows 1 '[E424]' ':reload'
shows 1 '[E425]' ':llvm 1 + 1'
shows 1 '[E426]' ':grad sum([1.0]) wrt sum'
shows 1 '[E180]' ':load none.hrm'
shows 5 'out of memory' 'fill(1.0, [4000000, 2000])'
shows 1 'the assertion does not hold' 'test "t" { assert near(1.0, 2.0) }'

# what has no other place is shown where it was typed
says 1 $'prompt:1:7: error: cannot read \'none.hrm\': No such file or directory [E180]\n    1 | :load none.hrm\n      |       ^~~~~~~~' \
  ':load none.hrm'
says 1 $'prompt:1:1: error: no model is declared: load a file that has one [E423]\n    1 | :memory\n      | ^~~~~~~' ':memory'
shows 5 '      | ^~~~~~~~~~~~~~~~~~~~~~~~~~' 'fill(1.0, [4000000, 2000])'
check 'a zero byte' test "$(printf '1\0 + 2\n3\n' | "$HRMC" repl 2>&1 | head -n 1)" = \
  'prompt:1:2: error: control character 0x00: a source must be plain text [E183]'
check 'messages as JSON' test "$(echo b | "$HRMC" repl --diagnostics=json 2>&1 | grep -o '"code":"E201"')" = '"code":"E201"'

# an interrupt ends what runs: as a script, the session too [E428]
printf '%s\n' 'fn slow(x: [N, N]) -> [N, N] {' '  var h = x' '  repeat 1000000 grad none { h = h @ x }' '  return h' '}' \
  'slow(fill(0.001, [256, 256]))' >slow
printf '%s\n' 'fn slow(x: [N, N]) -> [N, N] {' '  var h = x' '  repeat 1000000 grad none { h = h @ x }' '  return h' '}' \
  'test "slow" { assert near(slow(fill(0.001, [256, 256])), 0.0) }' >slow_test
for script in slow slow_test; do
  "$HRMC" repl <$script >out 2>&1 &
  for _ in {1..100}; do
    sleep 0.1
    kill -INT $! 2>/dev/null || break
  done
  wait $!
  check 'an interrupt' test $? = 1
  check 'is told' grep -qF 'interrupted [E428]' out
done

# a model that is trained in the session
"$HRM_DATA" sudoku --boxes 2x2 --givens 8 --train 200 --test 50 --seed 1 --output data >out || exit 1
arguments=("$top/models/hrm.hrm" --data data -D mlp_t=1 -D hidden_size=32 -D H_layers=1 -D L_layers=1 -D swiglu_multiple=8
  -D pos_encodings=learned -D puzzle_emb_ndim=0 -D loss_type=softmax -D halt_max_steps=4 -D optim=adamw -D lr=3e-3
  -D weight_decay=0.03 -D warmup_steps=50 -D lr_floor=0.0)
shows 0 'parameters            22466' ':flops'
shows 0 'activations' ':memory'
shows 0 'accumulate' ':graph'
shows 0 'output q      = q_head(z_H[0])' ':shape HRM.segment'
shows 0 ' .  2  .  4 ' ':data 1'
shows 0 'segment 2: halt -5, continue -5' ':step 1' ':step'
shows 0 'step 30: loss ' ':set batch=16' ':train 30'
shows 0 'of 20 examples' ':eval 20'
shows 0 ']' ':solve 1...3412..4.4.21'
shows 0 '[hidden_size] = [32] ' 'HRM.lm_head.weight[0]'
shows 0 "note: 'lm_head' is a name of the prompt now; the model's own 'HRM.lm_head' stays as it is" \
  'lm_head = nn.Linear(2, 3)'
says 0 '1' 'own_head = nn.Linear(2, 3)' '1'
shows 0 'step 10: loss ' ':train 6' ':set H_cycles=3' ':train 4'
shows 0 'redefined S; compiled again: ' ':train 1' 'let S = prefix + seq_len' ':train 1'
printf '%s\n' ':train 3' 'HRM.q_head.bias' 'let S = prefix + seq_len' ':train 0' 'HRM.q_head.bias' | "$HRMC" repl "${arguments[@]}" >out 2>&1
check 'weights stay' test "$(grep '\[2\]' out | sort -u | wc -l) $(grep -c '\[2\]' out)" = '1 2'
shows 0 'config H_cycles = 4' ':set H_cycles=4' ':diff'
says 0 $'float -5\nfloat -5' 'HRM.q_head.bias[0]' ':save w.safetensors' ':checkpoint w.safetensors' 'HRM.q_head.bias[1]'
check 'weights' test -s w.safetensors
check 'they say how puzzles are written' grep -qaF '\"characters\":' w.safetensors
shows 0 '5' ':save w.npz' '2 + 3'
check 'weights in NumPy form' test "$(head -c 2 w.npz)" = PK
shows 1 "':save' takes a FILE that ends in .hrm, .safetensors or .npz [E421]" ':save w.foo'
check 'nothing else is written' test ! -e w.foo
shows 1 'there is no example 50: the test split has 50, counted from 0 [E427]' ':data 50'

# what is saved is a program, the file's own text where nothing changed
for model in "$top"/models/*.hrm; do
  cp "$model" own.hrm
  sizes=(-D vocab_size=6 -D seq_len=16 -D num_puzzle_identifiers=1)
  printf ':save own.hrm\n:reload\n' | "$HRMC" repl own.hrm "${sizes[@]}" >out 2>&1
  check "saved as it was: $model" cmp own.hrm "$model"
done
printf '%s\n' 'config hidden_size = 64, extra = 3' 'fn f(x) { return x * extra }' ':save own.hrm' |
  "$HRMC" repl "$top/models/hrm.hrm" "${sizes[@]}" >out 2>&1
check 'saved with changes' test "$(diff "$top/models/hrm.hrm" own.hrm | grep -c '^[<>] .')" = 4
check 'a config in its line' grep -q '^config.* hidden_size = 64' own.hrm
check 'a program' "$HRMC" check own.hrm "${sizes[@]}" -D extra=4
shows 1 'none: No such file or directory [E427]' ':checkpoint none'
shows 1 'E427' ':solve 12'
shows 1 '[E404]' ':set width=3'
shows 1 '[E403]' ':set hidden_size=wide'
shows 0 '[2, 32]' ':grad sum(HRM.q_head(fill(1.0, [32]))) wrt HRM.q_head.weight'

# one value
check 'eval' test "$("$HRMC" eval '1 / 4')" = 0.25
tells 1 '    1 | x = [1.0]' "$HRMC" eval 'x = [1.0]'
check 'eval of a name tells what to do' grep -q 'no value to print: a session, `hrmc repl`, keeps names .* \[E429\]$' out
tells 1 '[E429]' "$HRMC" eval 'fn f(x: [N]) -> [N] { return x }'
tells 1 'error: expected an expression' "$HRMC" eval ' '
tells 0 'gradcheck: 1 passed' "$HRMC" eval ':gradcheck nn.softmax'
check 'eval fails' bash -c "! '$HRMC' eval '1 +' 2>/dev/null"

finish

#!/bin/bash
# The command line of hrmc: options, messages that need the command line or the system, and exit codes.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$work" || exit 1

# expect CODE TEXT ARGUMENT...: hrmc ends with the exit code, and TEXT stands in what it prints ('': prints nothing).
expect() {
  local wanted=$1 text=$2
  shift 2
  tells "$wanted" "$text" "$HRMC" "$@"
}

cat >small.hrm <<'END'
config width = 8, mode = "plain" in ["plain", "fancy"]
config vocab_size = 5, seq_len = 4, num_puzzle_identifiers = 1
let size = width if mode == "plain" else 2 * width
model Small {
  input inputs: int[seq_len] < vocab_size
  input puzzle_identifiers: int < num_puzzle_identifiers
  label labels: int[seq_len] < vocab_size
  param table: [vocab_size, vocab_size] ~ zeros
  state z: [seq_len, vocab_size] = 0
  segment {
    repeat 2 grad last 1 { z = z + table[inputs] }
    output logits = z
  }
  loss sum(logits[0])
  act fixed(max_segments = 2)
}
END
cat >tests.hrm <<'END'
fn wrong(x: [N]) -> [N] { return x * stop_gradient(x) }
test "holds" { assert near(1.0, 1.0) }
test "does not hold" { assert near(1.0, 2.0) }
test "wrong gradient" { assert gradcheck(wrong, [1.0, 2.0]) }
END
echo 'let a = b' >unknown.hrm
echo 'test "limit" { let x = fill(fill(1.0, [2, 2, 2, 2]), [2, 2, 2, 2]) }' >limit.hrm
echo 'config mode = "plane" in ["plain", "fancy"]' >choice.hrm
mkdir -p folder narrow/train
echo '{"pad_id": 0, "ignore_label_id": 0, "blank_identifier_id": 0, "vocab_size": 3, "seq_len": 4,
  "num_puzzle_identifiers": 1, "total_groups": 1, "mean_puzzle_examples": 1, "sets": ["all"],
  "characters": "123456"}' >narrow/train/dataset.json
truncate -s 17M large.hrm

# files
expect 0 '' check small.hrm
expect 1 "cannot read 'none.hrm': No such file or directory [E180]" check none.hrm
expect 1 "cannot read 'folder': it is a directory [E180]" check folder
expect 1 'E181' check large.hrm
expect 1 "unknown name 'b' [E201]" check small.hrm unknown.hrm
expect 3 'not supported' check limit.hrm
expect 3 'E501' check unknown.hrm limit.hrm
expect 1 "'tests.hrm' has no model: there is nothing to compile [E216]" --emit=graph tests.hrm

# fmt
echo 'let a=1' >wild.hrm
expect 1 "'wild.hrm' is not in the layout of the language: run 'hrmc fmt' [E409]" fmt --check wild.hrm
expect 0 '' fmt wild.hrm
expect 0 '' fmt --check wild.hrm
expect 2 'no FILE given' fmt

# messages
printf 'let width = 8\nlet height = widht\n' >typo.hrm
expect 1 "did you mean 'width'?" check typo.hrm
expect 1 '"code":"E201","message":"unknown name '"'widht'"'","file":"typo.hrm"' check --diagnostics=json typo.hrm
expect 1 '"range":{"start":{"line":2,"column":14,"byte":27},"end":{"line":2,"column":19,"byte":32}}' check --diagnostics=json typo.hrm
expect 1 '"suggestion":{"replacement":"width","file":"typo.hrm","range":{"start":{"line":2,"column":14,"byte":27}' check --diagnostics=json typo.hrm
expect 3 '"severity":"not supported","exit_code":3,"code":"E501"' check --diagnostics=json limit.hrm
expect 1 '"file":null,"range":null,"ranges":[],"notes":[],"suggestion":null}' check --diagnostics=json none.hrm
expect 2 "--diagnostics takes text or json, not 'xml'" check --diagnostics=xml typo.hrm
expect 0 '' check --diagnostics=json small.hrm
expect 0 "E201: unknown name '...'" explain e201
expect 0 'W206: ' explain E201 W206
expect 0 'E108  expected ..., found ...' explain
expect 2 "no message has the code 'E000': 'hrmc explain' lists them" explain E000
NO_COLOR=1 script -qec "'$HRMC' check typo.hrm" /dev/null >plain.txt </dev/null
NO_COLOR='' TERM=xterm script -qec "'$HRMC' check typo.hrm" /dev/null >colour.txt </dev/null
check 'no colour on a terminal where NO_COLOR is set' test "$(grep -c $'\e' plain.txt)" = 0
check 'colour on a terminal' grep -q $'\e\[1;31m' colour.txt

# diff
sed 's/grad last 1/grad all/; s/param table/param other/; s/table\[/other[/' small.hrm >other.hrm
expect 0 'repeat 2 grad last 1' diff small.hrm other.hrm
expect 0 'repeat 2 grad all  differs' diff small.hrm other.hrm
expect 0 '  table                                                        [5, 5]                        -' diff small.hrm other.hrm
expect 0 '"path": "other",' diff --json small.hrm other.hrm
expect 0 '"parameters": 25,' diff --json small.hrm other.hrm
expect 1 'E201' diff small.hrm unknown.hrm
expect 2 'diff compares two models, not 1: two files, or FILE and FILE:CONFIG=VALUE' diff small.hrm
expect 0 'small.hrm:vocab_size=6,seq_len=3' diff small.hrm small.hrm:vocab_size=6,seq_len=3
expect 0 '  table                                                        [5, 5]                   [6, 6]' \
  diff small.hrm small.hrm:vocab_size=6,seq_len=3
expect 0 '"file": "small.hrm:vocab_size=6"' diff --json small.hrm small.hrm:vocab_size=6
sed 's/seq_len = 4/seq_len = 4, height = 1/' small.hrm >tall.hrm
expect 2 "'small.hrm' has no config 'height', and what -D sets all variants must have: write :height=2 behind the files that do [E410]" \
  diff -D height=2 tall.hrm small.hrm
expect 0 'tall.hrm:height=2' diff tall.hrm:height=2 small.hrm
expect 2 "no config is named 'widht' [E404]" diff small.hrm small.hrm:widht=2
expect 1 '"characters" has 6 characters; vocab_size is 3' check --data narrow small.hrm

# the command line
expect 2 'no FILE given'
expect 2 'one FILE at a time' small.hrm tests.hrm
expect 2 "there is no command 'checkk', and no file: did you mean 'check'?" checkk small.hrm
expect 2 "there is no command 'help', and no file" help
expect 2 "'train' is a command of compiled models: hrmc run FILE -- train, or ./OUT train after 'hrmc FILE'" train small.hrm
expect 2 "the command 'check' stands before all options: hrmc check ..." -D width=16 check small.hrm
expect 2 'no EXPRESSION given' eval
expect 2 "one EXPRESSION at a time, not also '2': quote one that has blanks" eval 1 2
expect 0 '-1' eval -- -1
expect 2 'unrecognized option' eval --data small.hrm 1
expect 2 'invalid option' eval -D a=1 1
expect 2 '-D needs NAME=VALUE' -D width small.hrm
expect 2 '-D needs NAME=VALUE' -D width= small.hrm
expect 1 'none/train/dataset.json: No such file or directory; a data set is the folder that holds train and test' \
  --data none small.hrm
expect 2 "'pdf' is no form; --emit takes one of: ast" --emit=pdf small.hrm
expect 2 "'weather' is no report; --report takes any of: flops memory kernels time" --report=weather small.hrm
expect 2 "--tile takes a whole number from 1 to 1024, not '0'" --tile=0 small.hrm
expect 2 'unrecognized option' --frobnicate small.hrm
expect 0 'Usage: hrmc' --help
"$HRMC" --help | sed -n '/^Commands/,/^$/p' >list
expect 0 "  explain  explain messages by their codes; without CODE, list them" --help
check 'commands are listed' test "$(grep -c '^  [a-z]* ' list)" -ge 5
check 'a line each' test -z "$(sed '1d;$d' list | grep -v '^  [a-z]')"
expect 0 'hrmc 0' --version

# configs
expect 0 '' check -D width=16 -D mode=fancy small.hrm
expect 2 "did you mean 'width'?" check -D widht=16 small.hrm
expect 2 'E404' check -D widht=16 small.hrm
expect 2 'it is one of "plain", "fancy" [E402]' check -D mode=other small.hrm
expect 2 'E403' check -D width=wide small.hrm
expect 2 'E108' check -D 'width=)' small.hrm
expect 2 '"exit_code":2,"code":"E404"' check --diagnostics=json -D widht=16 small.hrm
expect 1 'E402' check choice.hrm
expect 1 'E405' check --data folder small.hrm
expect 1 'E405' check --data none small.hrm

# an error far away from the value that leads to it
expect 1 "command line:1:4: note: given here; with the default of 'vocab_size' there is no such error" check -D vocab_size=0 small.hrm
expect 1 'small.hrm:8:17: error: a dimension is 0' check -D vocab_size=0 small.hrm

# what is written
expect 0 'model Small' --emit=ast small.hrm
expect 0 'repeat' --emit=graph --after=elaborate small.hrm
expect 0 'accumulate' --emit=graph small.hrm
expect 2 "no pass is named 'fold': there are elaborate, batch, horizon, grad, simplify, recompute, precision [E407]" --emit=graph --after=fold small.hrm
expect 0 'define' --emit=llvm small.hrm
expect 0 '' --emit=obj -o small.o small.hrm
expect 0 'weights' --emit=obj -o small.o --report=memory small.hrm
expect 0 'parameters               25' --emit=obj -o small.o --report=flops small.hrm
expect 0 'loop_2                                  5            0          640       -     0%  small.hrm:11:28' --emit=obj -o small.o --report=kernels,time --tile=4 small.hrm
expect 0 'elaborate' --emit=obj -o small.o --report=time small.hrm
expect 2 "the nearest names are 'x86-64-v3', 'x86-64-v2', 'x86-64-v4' [E406" --target-cpu=x86_64-v3 --emit=asm small.hrm
expect 2 "unknown cpu 'help'" --target-cpu=help --emit=asm small.hrm
expect 5 'E480' -o none/small small.hrm
HRMC_LIBDIR=$work/none expect 5 'E481' -o small small.hrm
HRMC_CC=false expect 5 'E482' -o small small.hrm

# the code generator is loaded where code is generated, no sooner
mkdir apart && cp "$HRMC" apart/hrmc
LD_DEBUG=files LD_DEBUG_OUTPUT=$PWD/loaded "$HRMC" check small.hrm
check 'check does not load LLVM' test "$(cat loaded.* | grep -c LLVM)" = 0
HRMC=$PWD/apart/hrmc expect 0 '' check small.hrm
if ! "$PWD/apart/hrmc" --emit=obj -o small.o small.hrm 2>/dev/null; then # not where hrmc is installed already
  HRMC=$PWD/apart/hrmc expect 5 'nor in the folder that hrmc was configured for [E484]' --emit=obj -o small.o small.hrm
fi
check 'a failed link leaves no output' test ! -e small

# an installed tree that was moved, called by a link
bindir=${bindir:-/usr/local/bin} pkglibdir=${pkglibdir:-/usr/local/lib/hrmc}
mkdir -p "moved$bindir" "moved$pkglibdir"
cp "$HRMC" "moved$bindir/hrmc" && ln -s "moved$bindir/hrmc" linked
cp "$built/libhrm.a" "$built/hrmc-llvm.so" "moved$pkglibdir"
tells 0 '' ./linked small.hrm -o small
tells 0 'steps a second' ./small bench --batch 1 --repeats 1
echo >"moved$pkglibdir/hrmc-llvm.so"
tells 5 "$PWD/moved$pkglibdir/hrmc-llvm.so: " ./linked --emit=obj -o small.o small.hrm
mv "moved$bindir" tools && mkdir "moved$bindir" # of another name, no tree is there to be found
check 'nothing is looked for around another folder' test "$(tools/hrmc --emit=obj small.hrm 2>&1 | grep -c "$PWD")" = 0
rm -r moved tools small

# what is written
cp small.hrm plain
expect 0 '' plain
check 'a file without .hrm makes NAME.out' test -x plain.out
expect 2 "'plain' is the source itself: name another file with -o [E408]" plain -o plain
check 'the source stays' cmp plain small.hrm
expect 0 '' small.hrm -o 'with a blank'
check 'an output path with a blank' test -x 'with a blank'
expect 0 '' small.hrm --contract=openblas -o small-blas
expect 5 '[E483]' small.hrm --emit=obj -o missing-folder/small.o
expect 2 '--after goes with --emit=graph' --after=batch small.hrm
expect 2 "--contract takes generated or openblas, not 'mkl'" --contract=mkl small.hrm
expect 0 'Usage: hrmc' -h
expect 0 'report mistakes, write nothing' -h
expect 0 'hrmc check [OPTION...] FILE...' check --help
expect 2 'unrecognized option' check --tile=2 small.hrm

# code for a cpu that this machine is not; the Bulldozers have instructions that no other has
if [ "$(uname -m)" = x86_64 ]; then
  foreign=bdver4
  grep -qw xop /proc/cpuinfo && foreign=znver4
  expect 5 "compiled for $foreign, but this machine has no" run --target-cpu=$foreign small.hrm -- bench
  expect 0 '' small.hrm --target-cpu=$foreign -o foreign
  tells 5 "compiled for $foreign, but this machine has no" ./foreign bench
fi

expect 2 "Try \`hrmc run small.hrm -- train --help'" run small.hrm -- train
expect 1 'none: not the folder of a run' run small.hrm -- train --resume none

# full ARGUMENT...: a full disk behind standard output is told.
full() { tells 5 'standard output' bash -c '"$@" >/dev/full' bash "$HRMC" "$@"; }
full eval 1
full explain E301
full diff small.hrm small.hrm
full --emit=graph small.hrm
ln -s /dev/null nowhere
expect 0 '' --emit=graph small.hrm -o nowhere
check 'a link to a device stays' test -L nowhere

# tests
expect 1 'tests.hrm: 1 passed, 2 failed' test tests.hrm
expect 1 'the assertion does not hold in test "does not hold" [E490]' test tests.hrm
printf 'test "shown" {\n  assert near([[1.0, 2.0], [3.0, 4.0]], [[1.0, 4.0], [3.0, 4.0]])\n  assert iota(2) < 1\n  assert 1 - 1.0\n}\n' >shown.hrm
expect 1 '~ 2 and 4 at [0, 1]' test shown.hrm
expect 1 '~ 1 and 1 at [1]' test shown.hrm
expect 1 'the gradient differs in test "wrong gradient": element 0 is 0.2955' test tests.hrm
expect 1 '[E491]' test tests.hrm
expect 0 'small.hrm: 0 passed, 0 failed' test small.hrm

# hrmc links the compiler and the runtime, whose names must differ: of two functions the linker would take one
names() { for library; do nm -g --defined-only "$built/$library"; done 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u; }
twice=$(comm -12 <(names libhrm.a) <(names libcompiler.a libemit.a libdriver.a))
check 'the runtime has names' test -n "$(names libhrm.a)"
check "and none of the compiler's ($twice)" test -z "$twice"

finish

#!/bin/bash
# The commands of a compiled model, from outside: runs, resuming, interrupts, kills, locks, full disks, wrong input.
# The model is tests/fake_model.c.
source "${top_srcdir:-.}/tests/harness.sh"
fake=$(realpath "${FAKE_MODEL:-$built/tests/fake_model}")
fake_data=$(realpath "${FAKE_DATA:-$built/tests/fake_data}")
cd "$work" || exit 1

# wait_for FILE: until it has something in it
wait_for() {
  for _ in $(seq 600); do
    [ -s "$1" ] && return
    sleep 0.05
  done
  fail "$1 does not appear"
}

mkdir data
"$fake_data" data 20 || exit 1

# ---- a run and its folder
prints 0 'Fake: 300 steps; the model is in run/latest' \
  "$fake" train --data data --output run --steps 300 --eval-every 100 --save-every 50 --threads 2 --seed 4
for file in settings.json model.hrm metrics.jsonl latest step_300.safetensors step_250.safetensors step_200.safetensors; do
  [ -e run/$file ] || fail "run/$file is missing"
done
[ -e run/step_150.safetensors ] && fail "an old checkpoint was kept"
[ "$(readlink run/latest)" = step_300.safetensors ] || fail "latest is $(readlink run/latest)"
[ "$(grep -c lm_loss run/metrics.jsonl)" = 30 ] || fail "metrics.jsonl has $(wc -l <run/metrics.jsonl) lines"
[ "$(grep -c sets run/metrics.jsonl)" = 3 ] || fail "metrics.jsonl lacks evaluations"
prints 0 'all +11 +100.00% +100.00% +[0-9.]+% +4.00' "$fake" eval --checkpoint run --data data
prints 0 '"exact_accuracy": 1.0,.*"mean_segments": 9.0' \
  "$fake" eval --checkpoint run/latest --data data --json --max-segments 9 --batch 2 --threads 5
prints 0 '"examples": 60,' "$fake" eval --checkpoint run --data data --json --split train --limit 60 --halt --no-ema

# ---- predictions, in the order of the examples whatever order they stop in
prints 0 '"predictions": "all.npy"' "$fake" eval --checkpoint run --data data --json --save-predictions all.npy
prints 0 'all' "$fake" eval --checkpoint run --data data --halt --batch 3 --save-predictions halted.npy
tail -c +129 data/test/all__labels.npy >labels
tail -c +129 all.npy | cmp - labels || fail "all.npy does not hold the predictions"
cmp all.npy halted.npy || fail "--halt puts the predictions into another order"
prints 0 'all' "$fake" eval --checkpoint run --data data --limit 5 --save-predictions five.npy
[ "$(wc -c <five.npy)" = $((128 + 5 * 16 * 4)) ] || fail "five.npy does not hold five rows"
cp -r data two_sets
for array in inputs labels puzzle_identifiers puzzle_indices group_indices; do
  cp data/train/all__$array.npy two_sets/test/more__$array.npy
done
sed -i 's/"sets": \["all"\]/"sets": ["all", "more"]/' two_sets/test/dataset.json
prints 0 'more +120 ' "$fake" eval --checkpoint run --data two_sets --halt --save-predictions folder
cmp all.npy folder/all__predictions.npy || fail "the predictions of a set in the folder are others"
[ "$(wc -c <folder/more__predictions.npy)" = $((128 + 120 * 16 * 4)) ] || fail "folder/more__predictions.npy is cut short"
prints 1 'two.npy: two_sets/test has 2 sets, whose predictions need a folder' \
  "$fake" eval --checkpoint run --data two_sets --save-predictions two.npy
prints 1 'labels: neither a folder nor a name that ends in .npy' \
  "$fake" eval --checkpoint run --data data --save-predictions labels

# ---- solving
prints 0 '^2341$' "$fake" solve --checkpoint run 1234111122224444
prints 0 '"puzzle":"1234111122224444","solution":"2341222233331111"' "$fake" solve --checkpoint run --json 1234111122224444
"$fake" export --checkpoint run --output alone.safetensors || fail "export of a run"
grep -qaF '\"data\":' run/latest || fail "the settings in a checkpoint are written in another way"
grep -qaF '\"data\":' alone.safetensors && fail "exported weights tell where the run was"
prints 0 '^2341$' "$fake" solve --checkpoint alone.safetensors 1234111122224444 # it says how puzzles are written
"$fake" export --checkpoint run --output alone.npz || fail "export of a run as .npz"
prints 1 'give the data set by --data' "$fake" solve --checkpoint alone.npz 1234111122224444
printf '1111111111111111\n\n2222222222222222\r\n' | "$fake" solve --checkpoint run >out || fail "solve from standard input"
[ "$(tr -d '\n' <out)" = 22222222222222223333333333333333 ] || fail "solve printed $(cat out)"
prints 0 '^2341$' "$fake" solve --checkpoint run --deadline 1 1234111122224444
FAKE_SLEEP=20000 prints 0 '^segment ([2-9]|[1-9][0-9]+), halt probability [01][.]' \
  timeout 100 "$fake" solve --checkpoint run --deadline 3000 --max-segments 1000000 1234111122224444
FAKE_FALLING=1 prints 0 '"segments":1}' "$fake" solve --checkpoint run --json --deadline 100000 1234111122224444
FAKE_FALLING=1 prints 0 '"segments":4}' "$fake" solve --checkpoint run --json 1234111122224444
prints 2 'deadline' "$fake" solve --checkpoint run --deadline 0 1234111122224444
prints 1 'puzzle 1: the puzzle has 3 characters; the model reads 16 \(4 rows of 4\)' "$fake" solve --checkpoint run 123
prints 1 "puzzle 2: .*'x'" "$fake" solve --checkpoint run 1234111122224444 123x111122224444

# ---- the command line
prints 2 'Usage: .* COMMAND' "$fake"
prints 2 "there is no command 'dance'" "$fake" dance
prints 2 "there is no command 'tran': did you mean 'train'\?" "$fake" tran
prints 0 'Usage: .* COMMAND' "$fake" --help
prints 0 'Exit codes' "$fake" --help
prints 0 'Fake, compiled by hrmc 0.1.0' "$fake" --version
prints 0 'Usage: .* COMMAND' "$fake" -h
for command in train eval solve info bench; do
  prints 0 "Usage: fake_model $command|Usage: fake $command" "$fake" $command --help
  "$fake" $command --help >help
  prints 0 'Usage' "$fake" $command -h
  cmp help out || fail "$command -h prints something else than --help"
  prints 0 'Fake, compiled by hrmc 0.1.0' "$fake" $command --version
  prints 2 "nonsense" "$fake" $command --nonsense
done
prints 2 'is no option' "$fake" train --data data --output x extra
prints 2 'data is missing' "$fake" train --output x
prints 2 'takes a whole number' "$fake" train --data data --output x --steps many
prints 2 'takes a number' "$fake" train --data data --output x --lr -1
prints 2 'exclude each other' "$fake" train --data data --output x --steps 1 --epochs 1
prints 2 'cannot be changed' "$fake" train --resume run --seed 3
prints 0 'parameters +38' "$fake" info
prints 0 '"parameters": 38' "$fake" info --json
[ -e x ] && fail "a wrong command line made a folder"

# ---- epochs: 2 epochs · 20 groups · 2 examples / batch 5
prints 0 'Fake: 16 steps' "$fake" train --data data --output epochs --epochs 2 --batch 5
prints 0 'Fake: 1 steps' "$fake" train --data data --output short --epochs 0.001
prints 2 'epochs takes a number above 0' "$fake" train --data data --output none --epochs 0

# ---- means over no examples: with this seed the only example may not halt in the first step
prints 0 'accuracy -  exact -' "$fake" train --data data --output unhalted --steps 1 --batch 1 --seed 15

# ---- times
prints 0 'batch 7, 2 threads: .* steps a second \(median of 3\)' "$fake" bench --threads 2 --repeats 3
prints 0 '"batch":5,"threads":1,"steps_per_second":' "$fake" bench --threads 1 --repeats 2 --warmup 0 --batch 5 --json
prints 0 '"tile_gflops":[0-9.e+]+,"seconds"' "$fake" bench --threads 1 --repeats 2 --warmup 0 --batch 5 --json

prints 0 'batch 3, 1 threads: .* steps a second' "$fake" bench --forward --kernels --batch 3 --threads 1 --repeats 1
prints 0 'steps a second .* GB/s, [0-9.]*% of the peak' "$fake" bench --optimizer --threads 2 --repeats 1
prints 0 '"gigabytes":[0-9.e+-]*,"copy_gigabytes":[0-9.e+-]+,"packed_share":0.0' "$fake" bench --optimizer --threads 2 --repeats 1 --json

# ---- wrong input
# Memory is counted before anything is made.
prints 5 'bytes are needed and [0-9]+ can be had: weights [0-9]+, packed weights [0-9]+, optimiser [0-9]+, gradients [0-9]+, activations [0-9]+, examples and states [0-9]{13}; a smaller --batch' \
  "$fake" train --data data --output huge --batch 2000000000
[ ! -e huge ] || fail "a refused run left a folder"
prints 5 'bytes are needed and [0-9]+ can be had: .* optimiser 0, gradients 0, .* examples and states [0-9]{13};' \
  "$fake" eval --checkpoint run/latest --data data --batch 2000000000

prints 1 'no-such-set' "$fake" train --data no-such-set --output y
prints 1 'not empty; choose another --output, or go on with --resume run' "$fake" train --data data --output run
mkdir other && touch other/file
prints 1 'not empty' "$fake" train --data data --output other
[ "$(ls other)" = file ] || fail "a foreign folder was written to"
prints 1 'other: not the folder of a run: it has no settings.json that can be read' "$fake" train --resume other
mkdir data21 && "$fake_data" data21 21 || fail "the second data set"
cp run/settings.json .
prints 1 "run/latest: a run on $work/data \\(20 groups, 120 examples, fingerprint [0-9a-f]{16}\\) cannot go on with $work/data21 \\(21 groups, 126 examples" \
  "$fake" train --resume run --data data21 --steps 310
cmp settings.json run/settings.json || fail "a refused data set changed the settings"
cp -r data moved
prints 0 'Fake: 300 steps' "$fake" train --resume run --data moved
prints 1 'No such file' "$fake" eval --checkpoint nowhere --data data
prints 1 "without checkpoint 'latest'" "$fake" eval --checkpoint other --data data
prints 1 "run/settings.json: not a checkpoint, or cut short: neither safetensors nor PyTorch's .pt nor NumPy's .npz" "$fake" eval --checkpoint run/settings.json --data data
head -c 1500 run/latest >cut.safetensors
prints 1 'cut.safetensors: cut short' "$fake" eval --checkpoint cut.safetensors --data data
sed 's/"sets"/"stes"/' -i.old data/test/dataset.json
prints 1 'data/test/dataset.json: "sets" is not a list of names' "$fake" eval --checkpoint run --data data
mv data/test/dataset.json.old data/test/dataset.json
sed 's/"seq_len": 16/"seq_len": 15/' -i.old data/test/dataset.json
prints 1 'data/test/dataset.json: "grid" is not \[rows, columns\] with rows \* columns = seq_len' "$fake" eval --checkpoint run --data data
mv data/test/dataset.json.old data/test/dataset.json

# ---- NaN: the step, the tensor, and the last good checkpoint
export FAKE_NAN=loss:36
prints 6 "step 36: 'logits' is not finite in slot 0; the last good checkpoint is nan/latest \(step 30\)" \
  "$fake" train --data data --output nan --steps 100 --save-every 10
unset FAKE_NAN
[ "$(readlink nan/latest)" = step_30.safetensors ] || fail "latest after NaN is $(readlink nan/latest)"
prints 0 'Fake: 100 steps' "$fake" train --resume nan

# ---- a checkpoint is `latest` only when the step after it was finite
FAKE_NAN=loss:31 prints 6 'the last good checkpoint is next/latest \(step 20\)' \
  "$fake" train --data data --output next --steps 100 --save-every 10
[ "$(readlink next/latest)" = step_20.safetensors ] || fail "latest before NaN is $(readlink next/latest)"
[ -e next/step_30.safetensors ] && fail "a checkpoint that diverges was kept"
prints 0 'Fake: 100 steps' "$fake" train --resume next
for steps in 1 100; do
  prints 6 "step 2: .* is not finite.*; the last good checkpoint is huge$steps/latest \(step 0\)" \
    "$fake" train --data data --output huge$steps --steps $steps --lr 1e38 --save-every 1
  [ "$(readlink huge$steps/latest)" = step_0.safetensors ] || fail "latest of absurd weights: $(ls -l huge$steps)"
  [ -e huge$steps/step_1.safetensors ] && fail "absurd weights were kept"
done
prints 0 'Fake: 20 steps' "$fake" train --resume huge100 --steps 20 --lr 0.02
prints 6 "step 1: 'head.weight' is not finite.*step 0" \
  "$fake" train --data data --output infinite --steps 100 --lr 1e39 --warmup 0 --save-every 1
FAKE_NAN=loss:11 FAKE_SLEEP=1000 prints 6 'step 11: .*\(step 0\)' \
  "$fake" train --data data --output last --steps 10 --save-every 10

# What a run leaves that was never disturbed; examples_per_second and seconds are the clock's.
options=(--data data --steps 200 --save-every 20 --eval-every 50 --log-every 7 --threads 2 --seed 11)
clockless() { sed -E 's/,"(examples_per_second|seconds)":[^,}]*//g' "$1"; }
"$fake" train "${options[@]}" --output whole 2>log || fail "the undisturbed run: $(cat log)"
expect_whole() {
  cmp whole/step_200.safetensors "$1/step_200.safetensors" || fail "$1: other bits than the undisturbed run"
  cmp <(clockless whole/metrics.jsonl) <(clockless "$1/metrics.jsonl") || fail "$1: other metrics"
}

# ---- SIGINT: finishes the step, saves, says how to go on; then the same bits
FAKE_SLEEP=3000 "$fake" train "${options[@]}" --output interrupted 2>log &
child=$!
wait_for interrupted/metrics.jsonl
kill -INT $child
wait $child
[ $? -eq 130 ] || fail "SIGINT: exit code $?"
grep -qE 'interrupted after step [0-9]+, which is saved; go on with: train --resume interrupted' log || fail "SIGINT: $(cat log)"
prints 0 'Fake: 200 steps' "$fake" train --resume interrupted
expect_whole interrupted

# ---- the second SIGINT ends at once, in the midst of a step that takes minutes
FAKE_SLEEP=1500000 "$fake" train "${options[@]}" --output twice 2>log &
child=$!
wait_for twice/latest
sleep 0.2
kill -INT $child
sleep 0.1
kill -INT $child
wait $child
[ $? -eq 130 ] || fail "second SIGINT: exit code"

# ---- kill -9 at any time, and again
"$fake" train "${options[@]}" --steps 0 --output killed 2>log >out || fail "a run of no steps"
for delay in 0.05 0.11 0.17 0.23 0.31 0.4; do
  FAKE_SLEEP=400 "$fake" train --resume killed --steps 200 >out 2>log &
  child=$!
  sleep $delay
  kill -9 $child 2>/dev/null
  wait $child 2>/dev/null
done
prints 0 'Fake: 200 steps' "$fake" train --resume killed --steps 200
expect_whole killed
find killed -name '*.tmp' | grep -q . && fail "killed: temporary files are left"

# ---- a folder in use
FAKE_SLEEP=20000 "$fake" train "${options[@]}" --output busy 2>log &
child=$!
wait_for busy/latest
prints 1 'busy: in use: another process is training there' "$fake" train --resume busy
prints 1 'busy: in use: another process is training there; wait for it or choose another --output' "$fake" train --data data --output busy
kill -9 $child
wait $child 2>/dev/null
prints 0 'Fake: [0-9]+ steps; the model is in busy/latest' "$fake" train --resume busy --steps 3

# ---- a full disk: files may have 2 kB, a checkpoint has 4
cp -r whole full
full_disk() (
  trap '' XFSZ
  ulimit -f 2
  code 5 "$fake" train --resume full --steps 210 --save-every 1 && grep -q 'cannot write' "$work/out"
)
check 'a full disk' full_disk
cmp whole/step_200.safetensors full/latest || fail "a full disk spoilt the last checkpoint"
find full -name '*.tmp' | grep -q . && fail "a full disk left temporary files"
prints 0 'Fake: 201 steps' "$fake" train --resume full --steps 201

# ---- no colours or control characters where no terminal is
NO_COLOR='' "$fake" train --data data --output plain --steps 20 2>log >out
grep -q $'\033\|\r' log && fail "control characters in a file"
[ ! -t 1 ] && script -qec "'$fake' train --data data --output term --steps 20" /dev/null >log 2>/dev/null </dev/null &&
  { grep -q $'\r' log || fail "no bar on a terminal"; }

finish

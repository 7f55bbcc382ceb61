#!/bin/bash
# hrm-data at the command line: what it makes, and each bad input with its exact message and exit code.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$work" || exit 1

result() { # NAME STATUS
  if [ "$2" -eq 0 ]; then pass; else fail "$1"; fi
}

# refuses NAME CODE MESSAGE ARGUMENTS...: the command fails so, makes no folder and leaves none behind.
refuses() {
  local name=$1 code=$2 message=$3 before after actual
  shift 3
  before=$(ls -A)
  "$HRM_DATA" "$@" >out 2>err
  actual=$?
  after=$(ls -A | grep -vx -e out -e err)
  printf '%s\n' "$message" >expected
  # The name that a folder has while it is made ends at random.
  sed -i 's/\.tmp\.[A-Za-z0-9]\{6\}/.tmp/' err
  diff -u expected err && [ ! -s out ] && [ "$actual" -eq "$code" ] &&
    [ "$after" = "$(grep -vx -e out -e err <<<"$before")" ]
  local status=$?
  [ "$actual" -eq "$code" ] || echo "exit code $actual instead of $code"
  rm -f expected out err
  result "$name" "$status"
}

usage() { # a message of argp and what it adds
  printf '%s\n' "hrm-data sudoku: $1" "Try \`hrm-data sudoku --help' or \`hrm-data sudoku --usage' for more" information.
}

# rows FILE LENGTH: the elements of a .npy file of bytes.
rows() { tail -c +129 "$1" | od -An -v -tu1 -w"$2"; }

# Every example is a board: inputs agree with labels, which have every digit once in each row, column and box.
boards_are_right() { # FOLDER ROWS COLUMNS
  paste -d' ' <(rows "$1/all__inputs.npy" $(($2 * $3 * $2 * $3))) <(rows "$1/all__labels.npy" $(($2 * $3 * $2 * $3))) |
    awk -v R="$2" -v C="$3" '
      { n = R * C; delete seen
        if (NF != 2 * n * n) bad = 1
        for (i = 0; i < n * n; i++) {
          input = $(i + 1); label = $(i + 1 + n * n)
          row = int(i / n); column = i % n; box = int(row / R) * R + int(column / C)
          if (label < 2 || label > n + 1 || (input != 1 && input != label)) bad = 1
          if (seen["r", row, label]++ || seen["c", column, label]++ || seen["b", box, label]++) bad = 1
        } }
      END { exit bad || NR == 0 }'
}

# --- what is made ---

"$HRM_DATA" sudoku --boxes 2x3 --givens 14-18 --train 20 --test 10 --augment 3 --seed 5 --output six >out
result "run" $?
grep -qx 'six: 20 training puzzles (80 examples), 10 test puzzles' out
result "summary" $?
[ "$(find six -type f | LC_ALL=C sort | tr '\n' ' ')" = "$(printf '%s ' six/identifiers.json \
  six/test/all__{group_indices,inputs,labels,puzzle_identifiers,puzzle_indices}.npy six/test/dataset.json \
  six/train/all__{group_indices,inputs,labels,puzzle_identifiers,puzzle_indices}.npy six/train/dataset.json)" ]
result "files" $?
[ "$(cat six/identifiers.json)" = '["<blank>"]' ]
result "identifiers" $?
tr -d ' \n' <six/train/dataset.json | diff - <(printf '%s' '{"pad_id":0,"ignore_label_id":0,"blank_identifier_id":0,' \
  '"vocab_size":8,"seq_len":36,"num_puzzle_identifiers":1,"total_groups":20,"mean_puzzle_examples":1.0,' \
  '"total_puzzles":80,"sets":["all"],"task":"sudoku","boxes":[2,3],"characters":".123456","aliases":{"0":"."},' \
  '"grid":[6,6]}')
result "dataset.json" $?
head -c 128 six/train/all__inputs.npy | tr -d '\0' | grep -q "{'descr': '|u1', 'fortran_order': False, 'shape': (80, 36), } *$"
result "header of inputs" $?
tail -c +129 six/train/all__group_indices.npy | od -An -v -td4 -w4 | diff - <(seq 0 4 80 | awk '{printf "%12d\n", $1}')
result "groups" $?
boards_are_right six/train 2 3 && boards_are_right six/test 2 3
result "boards" $?
rows six/train/all__inputs.npy 36 | awk '{ n = 0; for (i = 1; i <= NF; i++) n += $i > 1
  if ((NR - 1) % 4 == 0) first = n
  if (n < 14 || n > 18 || n != first) bad = 1; seen[n] = 1 } END { exit bad || length(seen) < 3 }'
result "givens" $?
for boxes in 2x2 3x2 2x4 4x2 3x3; do
  "$HRM_DATA" sudoku -b $boxes -t 8 -e 8 -a 2 -o all-$boxes >/dev/null &&
    boards_are_right all-$boxes/train ${boxes%x*} ${boxes#*x} && boards_are_right all-$boxes/test ${boxes%x*} ${boxes#*x}
  result "boards of $boxes" $?
done
"$HRM_DATA" sudoku -t 0 -e 5 -o only >/dev/null && [ ! -e only/train ] && [ -e only/test ]
result "test set alone" $?

# --- the same seed, the same bytes ---

again=(sudoku --boxes 2x3 --givens 14-18 --train 20 --test 10 --augment 3 --output again --force)
OMP_NUM_THREADS=1 "$HRM_DATA" "${again[@]}" --seed 5 >/dev/null && diff -r six again
result "one thread" $?
OMP_NUM_THREADS=3 "$HRM_DATA" "${again[@]}" --seed 5 >/dev/null && diff -r six again
result "three threads" $?
many=(sudoku --boxes 2x2 --train 300 --test 0 --augment 100 --output) # more than one thread makes at a time
OMP_NUM_THREADS=1 "$HRM_DATA" "${many[@]}" many1 >/dev/null && OMP_NUM_THREADS=4 "$HRM_DATA" "${many[@]}" many4 >/dev/null &&
  diff -r many1 many4 && boards_are_right many4/train 2 2
result "many examples, by one and by four threads" $?
"$HRM_DATA" "${again[@]}" --seed 6 >/dev/null && ! cmp -s six/train/all__inputs.npy again/train/all__inputs.npy
result "another seed" $?

# --- CSV ---

text() { awk '{ for (i = 1; i <= NF; i++) printf "%s", $i == 1 ? "." : $i - 1; print "" }'; }
board() { rows all-3x3/train/"$1" 81 | sed -n "$2p" | text; }
header=source,question,answer,rating
for i in 1 4 7 10 13 16 19 22; do echo "made,$(board all__inputs.npy $i),$(board all__labels.npy $i),$i"; done >lines
good=$(sed -n 1p lines) question=$(cut -d, -f2 <<<"$good") answer=$(cut -d, -f3 <<<"$good")
{ echo $header && cat lines; } >eight.csv

"$HRM_DATA" sudoku --csv eight.csv -t 5 -e 3 -a 1 -o csv >/dev/null && boards_are_right csv/train 3 3 &&
  boards_are_right csv/test 3 3
result "csv" $?
"$HRM_DATA" sudoku --csv eight.csv -t 2 -e 1 --min-rating 10 --max-rating 16 -o rated >/dev/null
result "ratings" $?
[ "$(rows rated/train/all__inputs.npy 81 | text | grep -cxFf <(sed -n 4,6p lines | cut -d, -f2))" -eq 2 ]
result "rated puzzles" $?
"$HRM_DATA" sudoku --csv eight.csv -g 44 -t 4 -e 4 -o more >/dev/null &&
  rows more/test/all__inputs.npy 81 | awk '{ n = 0; for (i = 1; i <= NF; i++) n += $i > 1; if (n != 44) exit 1 }'
result "further givens" $?
{ printf '\xef\xbb\xbf%s\r\n' rating,answer,question
  awk -F, '{ gsub(/\./, "0", $2); printf "%d,\"%s\",%s\r\n", $4, $3, $2 }' lines; printf '\r\n'; } >windows.csv
"$HRM_DATA" sudoku --csv windows.csv -t 5 -e 3 -a 1 -o windows >/dev/null && diff -r csv windows
result "other columns, zeros, quotes, CRLF, byte-order mark" $?

head -c -1 eight.csv >cut.csv
"$HRM_DATA" sudoku --csv cut.csv -t 5 -e 3 -a 1 -o cut >/dev/null && diff -r csv cut
result "no end of line at the end" $?

{ echo $header && sed -n 6,8p lines; } >three.csv
{ echo $header && sed -n 1,5p lines; } >five.csv
"$HRM_DATA" sudoku --csv five.csv --test-csv three.csv -t 5 -e 3 -o two >out &&
  [ "$(rows two/train/all__inputs.npy 81 | text | sort)" = "$(sed -n 1,5p lines | cut -d, -f2 | sort)" ] &&
  [ "$(rows two/test/all__inputs.npy 81 | text | sort)" = "$(sed -n 6,8p lines | cut -d, -f2 | sort)" ] &&
  grep -qx 'two: 5 training puzzles (5 examples), 3 test puzzles' out
result "test puzzles from a CSV of their own" $?
refuses "too few test puzzles in it" 1 \
  'hrm-data: three.csv: 3 puzzles fit, of which 3 can be used without equivalents in both sets; 0 + 4 are asked for' \
  sudoku --csv five.csv --test-csv three.csv -t 5 -e 4 -o new
refuses "a CSV of test puzzles alone" 2 "$(usage '--test-csv is for --csv')" sudoku --test-csv three.csv -o new

bad() { { echo $header && cat lines && printf '%s\n' "$1" && printf 'later,bad\n'; } >bad.csv; }
refuses_line() { # NAME LINE MESSAGE
  bad "$2"
  refuses "$1" 1 "hrm-data: bad.csv:10: $3" sudoku --csv bad.csv -t 1 -e 1 -o new
}
refuses_line "fields" "made,$question,$answer" "3 fields; the header has 4"
refuses_line "one field" "$(head -c 10000000 /dev/zero | tr '\0' x)" "1 field; the header has 4"
refuses_line "quotes" "\"made,$question,$answer,1" "a quotation mark is out of place"
refuses_line "short question" "made,${question%?},$answer,1" "question has 80 characters; a 9x9 board has 81"
refuses_line "long answer" "made,$question,${answer}1,1" "answer has 82 characters; a 9x9 board has 81"
refuses_line "character" "made,x${question#?},$answer,1" \
  "question has 'x' at character 1; digits 1-9, and . or 0 for a blank, are expected"
refuses_line "blank in the answer" "made,$question,${answer%?}.,1" \
  "answer has '.' at character 81; digits 1-9 are expected"
refuses_line "rating" "made,$question,$answer,hard" 'rating "hard" is not a whole number'
refuses_line "no solution" "made,11$(printf '%079d' 0),$answer,1" "the puzzle has no solution"
refuses_line "several solutions" "made,$(printf '%081d' 0),$answer,1" "the puzzle has several solutions"
refuses_line "contradiction among few givens" "made,12345678$(printf '%060d' 0)6$(printf '%012d' 0),$answer,1" \
  "the puzzle has no solution"
# minutes for a plain search
endless=.....5.8....6.1.43..........1.5........1.6...3.......553.....61........4.........
refuses_line "long search" "made,$endless,$answer,1" "the puzzle has no solution"
refuses_line "other answer" "made,$question,$(sed -n 2p lines | cut -d, -f3),1" "the answer is not the puzzle's solution"

bad "made,$question,$answer"
"$HRM_DATA" sudoku --csv bad.csv --skip-bad -t 5 -e 3 -a 1 -o skipped 2>err >/dev/null &&
  [ "$(cat err)" = "hrm-data: left out 2 bad lines; the first: bad.csv:10: 3 fields; the header has 4" ] && diff -r csv skipped
result "bad lines left out" $?

printf 'source,puzzle,answer\n' >header.csv
refuses "column" 1 'hrm-data: header.csv:1: the header has no column "question"; source,question,answer,rating is expected' \
  sudoku --csv header.csv -o new
: >empty.csv
refuses "empty file" 1 'hrm-data: empty.csv: the file is empty' sudoku --csv empty.csv -o new
refuses "no file" 1 'hrm-data: none.csv: No such file or directory' sudoku --csv none.csv -o new
refuses "folder for a file" 1 'hrm-data: six: not a regular file' sudoku --csv six -o new
refuses "too few puzzles" 1 \
  'hrm-data: eight.csv: 8 puzzles fit, of which 8 can be used without equivalents in both sets; 6 + 3 are asked for' \
  sudoku --csv eight.csv -t 6 -e 3 -o new

# --- mazes ---

"$HRM_DATA" maze --size 5x7 --train 6 --test 3 --dihedral --seed 2 --output maze >out
result "maze" $?
grep -qx 'maze: 6 training puzzles (24 examples), 3 test puzzles' out
result "maze: summary" $?
tr -d ' \n' <maze/train/dataset.json | diff - <(printf '%s' '{"pad_id":0,"ignore_label_id":0,"blank_identifier_id":0,' \
  '"vocab_size":6,"seq_len":35,"num_puzzle_identifiers":1,"total_groups":6,"mean_puzzle_examples":1.0,' \
  '"total_puzzles":24,"sets":["all"],"task":"maze","characters":".#SGo","grid":[5,7]}')
result "maze: dataset.json" $?
OMP_NUM_THREADS=1 "$HRM_DATA" maze -z 5x7 -t 6 -e 3 -d -s 2 -o maze1 >/dev/null && diff -r maze maze1
result "maze: one thread" $?

maze_text() { awk '{ for (i = 1; i <= NF; i++) printf "%s", substr("# SGo", $i, 1); print "" }'; }
"$HRM_DATA" maze -z 9 -t 12 -e 0 -p 8- -o nine >/dev/null
{ echo $header
  paste -d, <(rows nine/train/all__inputs.npy 81 | maze_text) <(rows nine/train/all__labels.npy 81 | maze_text) |
    sed 's/.*/made,&,/'; } >mazes.csv
"$HRM_DATA" maze --csv mazes.csv -t 7 -e 5 -o mazes >/dev/null &&
  [ "$(cat <(rows mazes/train/all__labels.npy 81) <(rows mazes/test/all__labels.npy 81) | sort | md5sum)" = \
    "$(rows nine/train/all__labels.npy 81 | sort | md5sum)" ]
result "mazes from a CSV" $?

refuses_maze() { # NAME QUESTION ANSWER MESSAGE: mazes of 2 rows of 3
  printf '%s\n' $header "a,S G   ,SoG   ," "made,$2,$3," >bad.csv
  refuses "$1" 1 "hrm-data: bad.csv:3: $4" maze --csv bad.csv --size 2x3 -t 1 -e 1 -o new
}
refuses_maze "maze: length" "S G  " "SoG   " "question has 5 characters; a 2x3 maze has 6"
refuses_maze "maze: character" "S G  x" "SoG   " "question has 'x' at character 6; \"# SG\" are expected"
refuses_maze "maze: mark in the question" "SoG   " "SoG   " "question has 'o' at character 2; \"# SG\" are expected"
refuses_maze "maze: no start" "  G   " "  G   " "the maze has no start 'S'"
refuses_maze "maze: two goals" "S G  G" "SoG  G" "the maze has more than one goal 'G'"
refuses_maze "maze: no path" "S#G ##" "S#G ##" "the maze has no path from S to G"
refuses_maze "maze: other answer" "S G ##" "SoG # " "the answer is not the maze with a path marked"
refuses_maze "maze: no marks" "S G   " "S G   " "the answer's marks are not a path from S to G"
refuses_maze "maze: longer" "S G   " "S Gooo" "the answer's path is not a shortest one, which has 2 steps"
refuses_maze "maze: fields" "S G   ,x" "SoG   " "5 fields; the header has 4"
"$HRM_DATA" maze --csv bad.csv --size 2x3 --skip-bad -t 1 -e 0 -o maze-skipped 2>err >/dev/null &&
  [ "$(cat err)" = "hrm-data: left out 1 bad line; the first: bad.csv:3: 5 fields; the header has 4" ]
result "maze: bad lines left out" $?
printf '%s\n' $header 'made,S    ,S    ,' >bad.csv
refuses "maze: no square" 1 \
  'hrm-data: bad.csv:2: question has 5 characters, which is not a square; --size RxC tells its rows and columns' \
  maze --csv bad.csv -t 1 -e 1 -o new
refuses "maze: small" 2 "hrm-data maze: --size 2x2: mazes are made with at least 3 rows and columns
Try \`hrm-data maze --help' or \`hrm-data maze --usage' for more information." maze -z 2 -o new
refuses "maze: out of reach" 3 'hrm-data: found 0 of 1 training and 0 of 1 test puzzles; then 200000 tries in vain: such puzzles, with such a difference between the sets, are too rare' \
  maze -z 3 -p 50- -t 1 -e 1 -o new

# --- ARC ---

pair='{"input": [[1, 2]], "output": [[2], [1]]}'
mkdir -p tasks/training tasks/evaluation
echo "{\"train\": [$pair, $pair], \"test\": [$pair], \"name\": \"x\"}" >tasks/training/one.json
echo "{\"train\": [$pair], \"test\": [$pair]}" >tasks/evaluation/two.json
"$HRM_DATA" arc tasks --augment 4 --seed 3 --output arc >out
result "arc" $?
grep -qx 'arc: 2 tasks (1 to test on); training: 10 puzzles, 20 examples; test: 5 puzzles, 5 examples; 11 identifiers' out
result "arc: summary" $?
tr -d ' \n' <arc/train/dataset.json | diff - <(printf '%s' '{"pad_id":0,"ignore_label_id":0,"blank_identifier_id":0,' \
  '"vocab_size":12,"seq_len":900,"num_puzzle_identifiers":11,"total_groups":2,"mean_puzzle_examples":2.0,' \
  '"total_puzzles":10,"sets":["all"],"task":"arc","characters":"|0123456789","grid":[30,30]}')
result "arc: dataset.json" $?
grep -Eq '^\["<blank>", "one", ("one_t[0-7]_0[1-9]{9}", ){4}"two", ("two_t[0-7]_0[1-9]{9}"(, )?){4}\]$' arc/identifiers.json
result "arc: identifiers" $?
OMP_NUM_THREADS=3 "$HRM_DATA" arc tasks -a 4 -s 3 -o arc3 >/dev/null && diff -r arc arc3
result "arc: three threads" $?
echo '{"train": 1}' >tasks/evaluation/zero.json
refuses "arc: no task" 1 'hrm-data: tasks/evaluation/zero.json:1: train: the task has no list "train" of pairs' arc tasks -o new
"$HRM_DATA" arc tasks -a 4 -s 3 --skip-bad -o arc-skipped 2>err >/dev/null && diff -r arc arc-skipped &&
  [ "$(cat err)" = 'hrm-data: left out 1 bad task; the first: tasks/evaluation/zero.json:1: train: the task has no list "train" of pairs' ]
result "arc: bad tasks left out" $?
refuses "arc: bad tasks alone" 1 "hrm-data: left out 1 bad task; the first: tasks/evaluation/zero.json:1: train: the task \
has no list \"train\" of pairs
hrm-data: tasks/evaluation/zero.json: no tasks" arc tasks/evaluation/zero.json --skip-bad -o new
rm tasks/evaluation/zero.json
echo "{\"train\": [$pair],
\"test\": [{\"input\": [[0]$(printf ', [0]%.0s' {1..30})], \"output\": [[0]]}]}" >tasks/high.json
refuses "arc: a high grid" 1 'hrm-data: tasks/high.json:2: test[0].input: 31 rows; a grid has 1 to 30' arc tasks -o new
echo "{\"train\": [$pair], \"test\": [$pair]," '"test": 1}' >tasks/high.json
refuses "arc: a key twice" 1 \
  "hrm-data: tasks/high.json:1: malformed JSON: duplicate object key near '\"test\"'" arc tasks -o new
rm tasks/high.json
refuses "arc: no source" 2 "hrm-data arc: a folder or a file of tasks is expected
Try \`hrm-data arc --help' or \`hrm-data arc --usage' for more information." arc -o new
mkdir prize
echo "{\"one\": {\"train\": [$pair], \"test\": [{\"input\": [[3]]}]}}" >prize/arc-agi_evaluation_challenges.json
echo '{"one": [[[4]]]}' >prize/arc-agi_evaluation_solutions.json
echo '{"one": [{"attempt_1": [[0]], "attempt_2": [[0]]}]}' >prize/sample_submission.json
"$HRM_DATA" arc prize -a 0 -o prize-set >out
grep -qx 'prize-set: 1 task (1 to test on); training: 1 puzzle, 1 example; test: 1 puzzle, 1 example; 2 identifiers' out
result "arc: the prize's folder as it is downloaded" $?
sed 's/\[\[3\]\]/[[5]]/' prize/arc-agi_evaluation_challenges.json >prize/arc-agi_test_challenges.json
refuses "arc: the prize's tasks that stand in two files" 1 "hrm-data: prize/arc-agi_test_challenges.json:1: a task one is \
in prize/arc-agi_evaluation_challenges.json too; name the sources that you want, or leave out the second by --skip-bad" \
  arc prize -o new
"$HRM_DATA" arc prize -a 0 --skip-bad -o prize-once >out 2>err && grep -q '^prize-once: 1 task (1 to test on)' out
result "arc: the second is left out" $?
rm prize/*challenges.json
refuses "arc: a form of answers alone" 1 \
  'hrm-data: prize/sample_submission.json:1: one: a task, an object of "train" and "test", is expected' arc prize -o new
mkdir none
refuses "arc: empty folder" 1 'hrm-data: none: no tasks' arc none -o new

if [ -d "${HRM_SHARED:-}/data/arc" ]; then
  counts() { "$HRM_DATA" arc "${@:2}" -a 0 -o "$1" | cut -d';' -f1; }
  [ "$(counts arc1 "$HRM_SHARED/data/arc/ARC-AGI")" = 'arc1: 800 tasks (400 to test on)' ] &&
    [ "$(counts arc2 "$HRM_SHARED/data/arc/ARC-AGI-2")" = 'arc2: 1120 tasks (120 to test on)' ] &&
    [ "$(counts arc1c "$HRM_SHARED/data/arc/ARC-AGI" "$HRM_SHARED/data/arc/ConceptARC/corpus")" = \
      'arc1c: 960 tasks (400 to test on)' ]
  result "arc: published counts" $?
else
  echo "skipped: the published tasks are not here (HRM_SHARED)"
fi

# --- info ---

text_of() { rows "$1" "$2" | head -n 1 | tr ' ' '\n' | grep . | awk -v n="$3" -v s="$4" \
  '{ printf "%s", substr(s, $1 + 1, 1); if (NR % n == 0) print "" }'; }
"$HRM_DATA" info maze -p test -n 1 >out
{ echo 'maze/test, set all: 3 examples of 3 puzzles in 3 groups'
  echo '  maze; 5 x 7 tokens of 6; 1 identifier'
  sed -n 3p out
  printf '\nexample 0\n'
  paste -d' ' <(text_of maze/test/all__inputs.npy 35 7 '?# SGo') <(text_of maze/test/all__labels.npy 35 7 '?# SGo') |
    sed 's/^\(.......\) /\1    /'
  echo; } | diff - out
result "info: maze" $?
grep -Eq '^  steps of the path: [0-9]+ to [0-9]+, mean [0-9.]+$' out
result "info: steps" $?
"$HRM_DATA" info all-2x2 -n 0 >out && [ "$(grep -c 'sudoku; 4 x 4 tokens of 6; 1 identifier$' out)" = 2 ] &&
  "$HRM_DATA" info all-2x2 -n 1 | sed -n '7,8p' | grep -Eqx '[.1-4] [.1-4] \| [.1-4] [.1-4]    [1-4] [1-4] \| [1-4] [1-4]'
result "info: sudoku" $?
"$HRM_DATA" info all-2x2 -n 1 | grep -qx -e '----+----    ----+----'
result "info: rule" $?
"$HRM_DATA" info all-3x2 -p test -n 1 | sed -n '6,12p' | sed 's/[.1-6]/x/g' >out
{ for row in 1 2 3 4 5 6; do echo 'x x | x x | x x    x x | x x | x x'; done | sed '3a\
----+-----+----    ----+-----+----'; } | diff - out
result "info: boxes that are higher than wide" $?
"$HRM_DATA" info arc -p test -n 1 | sed -n '6,8p' | diff - <(printf '%s\n' '12|    2| ' '||     1| ' '       |  ')
result "info: ARC" $?
sed -i 's/"task": *"[a-z]*", *//; /"task":/d' maze/test/dataset.json arc/test/dataset.json
"$HRM_DATA" info maze -p test -n 0 | grep -q '  maze by its looks;' && "$HRM_DATA" info arc -p test -n 0 |
  grep -q '  arc by its looks;'
result "info: guesses" $?
refuses "info: no data set" 1 'hrm-data: none: no train or test with a dataset.json' info none
refuses "info: nothing" 2 "hrm-data info: the folder of a data set is expected
Try \`hrm-data info --help' or \`hrm-data info --usage' for more information." info

# --- the command line ---

refuses "no output" 2 "$(usage '--output is missing')" sudoku
refuses "boxes" 2 "$(usage '--boxes 3: RxC with at least two rows and columns is expected, such as 3x3')" sudoku -b 3 -o new
refuses "large boxes" 3 "hrm-data sudoku: --boxes 4x4: boards of more than 9 digits are not supported" sudoku -b 4x4 -o new
refuses "few givens" 2 "$(usage '--givens 16: no 9x9 puzzle with fewer than 17 givens has exactly one solution')" \
  sudoku -g 16 -o new
refuses "many givens" 2 "$(usage '--givens 17: a 4x4 board has 16 cells')" sudoku -b 2x2 -g 17 -o new
refuses "backward range" 2 "$(usage '--givens 30-20: a number of cells or a range N-M is expected')" sudoku -g 30-20 -o new
refuses "number" 2 "$(usage "--train takes a whole number from 0 on, not '-1'")" sudoku -t -1 -o new
refuses "no puzzles" 2 "$(usage '--train and --test are both 0')" sudoku -t 0 -e 0 -o new
refuses "seed" 2 "$(usage "--seed takes a whole number from 0 to 9223372036854775807, not '9223372036854775808'")" \
  sudoku -s 9223372036854775808 -o new
refuses "too many examples" 3 "hrm-data sudoku: a set of more than 2147483647 examples does not fit the published form" \
  sudoku -t 3000000 -a 1000 -o new
refuses "stray argument" 2 "$(usage "unexpected argument 'x'")" sudoku -o new x
refuses "command" 2 "hrm-data: there is no command 'chess'
Try \`hrm-data --help' or \`hrm-data --usage' for more information." chess
"$HRM_DATA" --help | grep -q '^  sudoku ' && "$HRM_DATA" sudoku --help | grep -q -- '--givens=N' &&
  "$HRM_DATA" --version | grep -qx 'hrm-data [0-9.]*' &&
  cmp <("$HRM_DATA" --help) <("$HRM_DATA" -h) && cmp <("$HRM_DATA" sudoku --help) <("$HRM_DATA" sudoku -h)
result "help and version" $?

# --- folders ---

refuses "existing folder" 1 'hrm-data: six: exists already; --force replaces it' sudoku -t 1 -e 1 -o six
mkdir -p precious/train && echo text >precious/train/notes
refuses "folder with other things" 1 'hrm-data: precious: holds more than a data set; it is not replaced' \
  sudoku -t 1 -e 1 --force -o precious/
"$HRM_DATA" sudoku -b 2x2 -t 2 -e 2 -o deep/er/new >/dev/null && [ -e deep/er/new/identifiers.json ]
result "parents are made" $?
if [ "$(id -u)" -ne 0 ]; then
  mkdir locked && chmod 500 locked
  refuses "permissions" 5 'hrm-data: locked/new: cannot create: Permission denied' sudoku -t 1 -e 1 -o locked/new
fi

# A limit on the size of files stands in for a full disk.
(trap '' XFSZ; ulimit -f 16; failed=0; refuses "full disk" 5 \
  'hrm-data: full.tmp/train/all__inputs.npy: cannot write: File too large' sudoku -b 2x2 -t 2000 -e 1 -o full; exit $failed)
result "full disk" $?
(trap '' XFSZ; ulimit -f 16; "$HRM_DATA" sudoku -b 2x2 -t 2000 -e 1 --force -o again >/dev/null 2>&1; [ $? -eq 5 ])
[ $? -eq 0 ] && "$HRM_DATA" "${again[@]}" --output unharmed --seed 6 >/dev/null && diff -r again unharmed
result "full disk keeps the old data set" $?
if unshare -rm true 2>/dev/null; then
  mkdir small
  unshare -rm bash -c "mount -t tmpfs -o size=64k none small && '$HRM_DATA' sudoku -b 2x2 -t 2000 -e 1 -o small/new
    code=\$?; [ -z \"\$(ls -A small)\" ] && exit \$code" 2>err
  [ $? -eq 5 ] && grep -q '^hrm-data: small/new.tmp.*: cannot write: No space left on device$' err
  result "small file system" $?
fi

# An interrupt leaves nothing; such a rating is not found in the time.
"$HRM_DATA" sudoku --min-rating 1000000 -t 1 -e 0 -o interrupted 2>err >/dev/null &
child=$!
sleep 1
kill -INT $child
wait $child
[ $? -eq 130 ] && grep -qx 'hrm-data: interrupted; nothing was written' err && ! compgen -G 'interrupted*' >/dev/null
result "interrupt" $?

# Killed, it leaves the old data set, and the new one under another name; the next run removes that, and neither what is
# somebody's own nor what another run is making.
"$HRM_DATA" sudoku --min-rating 1000000 -t 1 -e 0 --force -o six >/dev/null 2>&1 &
child=$!
until compgen -G 'six.tmp.*/train/*' >/dev/null; do sleep 0.1; done
kill -KILL $child
wait $child 2>/dev/null
"$HRM_DATA" sudoku --boxes 2x3 --givens 14-18 --train 20 --test 10 --augment 3 --seed 5 --output again --force >/dev/null &&
  diff -r six again
result "killed" $?
killed=$(echo six.tmp.*)
mkdir -p six.tmp.backup/train && touch six.tmp.backup/train/notes six.tmp.backup/identifiers.json
"$HRM_DATA" sudoku --min-rating 1000000 -t 1 -e 0 --force -o six >/dev/null 2>&1 &
child=$!
living() { find . -maxdepth 1 -name 'six.tmp.*' ! -name "$killed" ! -name six.tmp.backup | grep .; }
until living >/dev/null; do sleep 0.1; done
[ -n "$killed" ] && [ ! -e "$killed" ]
result "what a killed run left is removed" $?
"$HRM_DATA" sudoku -b 2x2 -t 2 -e 2 --force -o six >/dev/null && [ -d "$(living)/train" ]
result "what another run is making stays" $?
[ -e six.tmp.backup/train/notes ]
result "what is somebody's own stays" $?
kill -INT $child
wait $child
! living >/dev/null
result "an interrupt leaves nothing beside a data set" $?

finish

# Documents of real runs (the same way at small size is in tests/sudoku.sh and tests/tasks.sh), their models, a program
# (tests/embed.sh) and a trained solver (tests/solver.sh).

EXTRA_DIST += \
  %D%/arc/README.md \
  %D%/arc/arc.hrm \
  %D%/arc/arc.svg \
  %D%/arc/trace.png \
  %D%/compare/README.md \
  %D%/compare/depth.svg \
  %D%/compare/gradient.svg \
  %D%/compare/halting.svg \
  %D%/compare/recurrence.svg \
  %D%/embed/README.md \
  %D%/embed/embed.c \
  %D%/maze/README.md \
  %D%/maze/generated.svg \
  %D%/maze/made.png \
  %D%/maze/maze.hrm \
  %D%/maze/maze.svg \
  %D%/maze/trace.png \
  %D%/sudoku/README.md \
  %D%/sudoku/curve.svg \
  %D%/sudoku/hard.svg \
  %D%/sudoku/mlp.svg \
  %D%/sudoku/solver.safetensors \
  %D%/sudoku/solver.svg \
  %D%/sudoku/trace.png \
  %D%/sudoku/units.hrm

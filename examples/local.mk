# Documents of real runs; the same way at small size is tests/sudoku.sh.

EXTRA_DIST += \
  %D%/sudoku/README.md \
  %D%/sudoku/curve.svg

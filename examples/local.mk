# Documents of real runs (the same way at small size is tests/sudoku.sh), and a program (tests/embed.sh).

EXTRA_DIST += \
  %D%/embed/README.md \
  %D%/embed/embed.c \
  %D%/sudoku/README.md \
  %D%/sudoku/curve.svg

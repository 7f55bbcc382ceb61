# Fuzz targets, each run on its kept corpus by fuzz.sh; with --enable-fuzzing they are linked with libFuzzer instead.
fuzz_targets = \
  %D%/fuzz_archive \
  %D%/fuzz_arc \
  %D%/fuzz_checkpoint \
  %D%/fuzz_dataset \
  %D%/fuzz_description \
  %D%/fuzz_language \
  %D%/fuzz_maze \
  %D%/fuzz_npy \
  %D%/fuzz_puzzle_text \
  %D%/fuzz_session \
  %D%/fuzz_sudoku \
  %D%/fuzz_tensors

check_PROGRAMS += $(fuzz_targets)
check_LIBRARIES += libfuzz.a
libfuzz_a_SOURCES = %D%/fuzz.c %D%/fuzz.h
%C%_fuzz_archive_SOURCES = %D%/fuzz_archive.c %D%/tensors.h %D%/tensors.c
%C%_fuzz_tensors_SOURCES = %D%/fuzz_tensors.c %D%/tensors.h %D%/tensors.c
%C%_fuzz_language_SOURCES = %D%/fuzz_language.c %D%/mutate.c %D%/mutate.h
%C%_fuzz_session_SOURCES = %D%/fuzz_session.c %D%/mutate.c %D%/mutate.h

if FUZZING
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_language_SOURCES += %D%/mutators.c
%C%_fuzz_session_SOURCES += %D%/mutators.c
else
fuzz_ldflags = $(AM_LDFLAGS)
libfuzz_a_SOURCES += %D%/replay.c
test_scripts += %D%/fuzz.sh
endif

%C%_fuzz_archive_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_arc_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_checkpoint_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_dataset_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_description_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_language_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_maze_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_npy_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_puzzle_text_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_session_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_sudoku_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_tensors_LDFLAGS = $(fuzz_ldflags)

fuzz_libraries = libfuzz.a libtesting.a libdata.a libhrm.a $(RUNTIME_LIBS)
%C%_fuzz_archive_LDADD = $(fuzz_libraries)
%C%_fuzz_arc_LDADD = $(fuzz_libraries)
%C%_fuzz_checkpoint_LDADD = $(fuzz_libraries)
%C%_fuzz_dataset_LDADD = $(fuzz_libraries)
%C%_fuzz_description_LDADD = $(fuzz_libraries)
%C%_fuzz_language_LDADD = libfuzz.a $(compiler_libraries)
%C%_fuzz_maze_LDADD = $(fuzz_libraries)
%C%_fuzz_npy_LDADD = $(fuzz_libraries)
%C%_fuzz_puzzle_text_LDADD = $(fuzz_libraries)
%C%_fuzz_session_LDADD = libfuzz.a libtesting.a $(compiler_libraries)
%C%_fuzz_sudoku_LDADD = $(fuzz_libraries)
%C%_fuzz_tensors_LDADD = $(fuzz_libraries)

EXTRA_DIST += %D%/corpus %D%/fuzz.sh %D%/language.dict %D%/mutators.c %D%/replay.c %D%/run %D%/session.dict %D%/tensors.dict

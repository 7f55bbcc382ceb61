# Every %D%/check_*.c is a program of its own on Check, every %D%/*.sh a script (exit 77: skipped).

check_programs = \
  %D%/check_arc \
  %D%/check_batch \
  %D%/check_chain \
  %D%/check_compiled \
  %D%/check_dataset \
  %D%/check_diag \
  %D%/check_emit \
  %D%/check_emit_contraction \
  %D%/check_emit_loop \
  %D%/check_emit_math \
  %D%/check_emit_plan \
  %D%/check_fixture \
  %D%/check_grad \
  %D%/check_format \
  %D%/check_graph \
  %D%/check_guard \
  %D%/check_horizon \
  %D%/check_maze \
  %D%/check_model_gradient \
  %D%/check_npy \
  %D%/check_pack \
  %D%/check_parse \
  %D%/check_parse_errors \
  %D%/check_parse_trees \
  %D%/check_plan \
  %D%/check_plan_memory \
  %D%/check_plan_pieces \
  %D%/check_plan_random \
  %D%/check_precision \
  %D%/check_principal \
  %D%/check_random \
  %D%/check_pt \
  %D%/check_repl_terminal \
  %D%/check_replay \
  %D%/check_replay_random \
  %D%/check_runtime_act \
  %D%/check_runtime_checkpoint \
  %D%/check_runtime_loader \
  %D%/check_runtime_machine \
  %D%/check_runtime_optimizer \
  %D%/check_runtime_replay \
  %D%/check_runtime_training \
  %D%/check_score \
  %D%/check_session \
  %D%/check_simplify \
  %D%/check_sudoku \
  %D%/check_sudoku_sets \
  %D%/check_trace
test_scripts = \
  %D%/completion.sh \
  %D%/checkpoints.sh \
  %D%/compare.sh \
  %D%/data.sh \
  %D%/doc.sh \
  %D%/embed.sh \
  %D%/explain.sh \
  %D%/fmt.sh \
  %D%/grammar.sh \
  %D%/hrmc.sh \
  %D%/lang.sh \
  %D%/memory.sh \
  %D%/messages.sh \
  %D%/models.sh \
  %D%/pages.sh \
  %D%/precision.sh \
  %D%/repl.sh \
  %D%/rooms.sh \
  %D%/runtime.sh \
  %D%/stdlib.sh \
  %D%/solver.sh \
  %D%/sudoku.sh \
  %D%/tasks.sh \
  %D%/variants.sh
test_data = \
  %D%/harness.sh \
  %D%/lang \
  %D%/pt \
  %D%/variants

# What the programs share: the plain evaluator of graphs, stand-ins for generated code.
check_LIBRARIES += libtesting.a
libtesting_a_SOURCES = \
  %D%/emit_harness.c \
  %D%/emit_harness.h \
  %D%/evaluate.c \
  %D%/evaluate.h \
  %D%/fake_data.c \
  %D%/fake_data.h \
  %D%/fake_model.c \
  %D%/fake_model.h \
  %D%/fake_session.c \
  %D%/fake_session.h \
  %D%/fixture.c \
  %D%/fixture.h \
  %D%/kernel_interpreter.c \
  %D%/kernel_interpreter.h \
  %D%/model_harness.c \
  %D%/model_harness.h \
  %D%/measured.c \
  %D%/measured.h \
  %D%/parse_harness.c \
  %D%/parse_harness.h \
  %D%/plan_example.c \
  %D%/plan_example.h \
  %D%/plan_harness.c \
  %D%/plan_harness.h \
  %D%/random_graph.c \
  %D%/random_graph.h \
  %D%/random_source.c \
  %D%/random_source.h \
  %D%/shared.c \
  %D%/shared.h \
  %D%/suite.c \
  %D%/suite.h

check_PROGRAMS += $(check_programs)
dist_check_SCRIPTS += $(test_scripts)
EXTRA_DIST += $(test_data) %D%/numbers.hrm %D%/packed.hrm
TESTS += $(check_programs) $(test_scripts)

# For runtime.sh: a hand-written model behind the runtime's commands, and its data set.  The first has runtime/main.c.
check_PROGRAMS += %D%/fake_model %D%/fake_data
%C%_fake_model_SOURCES = %D%/fake_model.c
%C%_fake_model_LDADD = libhrm.a $(RUNTIME_LIBS)
%C%_fake_data_SOURCES = %D%/fake_data_main.c
%C%_fake_data_LDADD = libtesting.a libhrm.a $(RUNTIME_LIBS)

# Programs without a line of their own are made of the source of their name, by these.
LDADD = libtesting.a libdata.a $(compiler_libraries) $(CHECK_LIBS)

include %D%/fuzz/local.mk

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = bash
AM_TESTS_ENVIRONMENT = \
  top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
  top_builddir='$(abs_top_builddir)'; export top_builddir; \
  bindir='$(bindir)'; export bindir; \
  pkglibdir='$(pkglibdir)'; export pkglibdir; \
  HRMC='$(abs_top_builddir)/hrmc'; export HRMC; \
  HRM_DATA='$(abs_top_builddir)/hrm-data'; export HRM_DATA; \
  CC='$(CC)'; export CC; \
  SANITIZER_FLAGS='$(SANITIZER_FLAGS)'; export SANITIZER_FLAGS; \
  CK_TIMEOUT_MULTIPLIER=15; export CK_TIMEOUT_MULTIPLIER; \
  OMP_WAIT_POLICY=passive; export OMP_WAIT_POLICY;

# Takes what the golden tests print now as what they shall print; look at the diff.
.PHONY: update-tests
update-tests: hrmc
	UPDATE=1 HRMC='$(abs_top_builddir)/hrmc' top_srcdir='$(top_srcdir)' bash $(srcdir)/%D%/lang.sh

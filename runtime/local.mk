# The runtime, linked into every executable that hrmc makes, and the program that makes data sets.

pkglib_LIBRARIES += libhrm.a
# Without errno and traps in the way the loops of the optimisers become vector code.
libhrm_a_CFLAGS = $(AM_CFLAGS) $(OPENMP_CFLAGS) -fPIC -fno-math-errno -fno-trapping-math -ffp-contract=fast
libhrm_a_SOURCES = \
  %D%/act.c \
  %D%/act.h \
  %D%/analysis.c \
  %D%/analysis.h \
  %D%/analysis_limits.c \
  %D%/archive.c \
  %D%/archive.h \
  %D%/archive_write.c \
  %D%/arc.c \
  %D%/arc.h \
  %D%/atomic_file.c \
  %D%/atomic_file.h \
  %D%/batch_source.h \
  %D%/checkpoint.c \
  %D%/checkpoint.h \
  %D%/checkpoint_compare.c \
  %D%/checkpoint_compare.h \
  %D%/checkpoint_load.c \
  %D%/clock.c \
  %D%/clock.h \
  %D%/command_analyse.c \
  %D%/command_bench.c \
  %D%/command_eval.c \
  %D%/command_export.c \
  %D%/command_info.c \
  %D%/command_options.c \
  %D%/command_plot.c \
  %D%/command_replay.c \
  %D%/command_solve.c \
  %D%/command_trace.c \
  %D%/command_train.c \
  %D%/commands.h \
  %D%/comparison.c \
  %D%/comparison.h \
  %D%/comparison_picture.c \
  %D%/comparison_results.c \
  %D%/comparison_run.c \
  %D%/comparison_table.c \
  %D%/cpu.c \
  %D%/cpu.h \
  %D%/dataset.c \
  %D%/dataset.h \
  %D%/dataset_identity.c \
  %D%/dataset_kind.c \
  %D%/description.c \
  %D%/description.h \
  %D%/dihedral.c \
  %D%/dihedral.h \
  %D%/embed.c \
  %D%/embed.h \
  %D%/error.c \
  %D%/error.h \
  %D%/evaluate.c \
  %D%/evaluate.h \
  %D%/footprint.c \
  %D%/footprint.h \
  %D%/hrm_main.c \
  %D%/hrm_main.h \
  %D%/hash.h \
  %D%/interrupt.c \
  %D%/interrupt.h \
  %D%/lapack.c \
  %D%/lapack.h \
  %D%/loaded_model.c \
  %D%/loaded_model.h \
  %D%/loader.c \
  %D%/loader.h \
  %D%/main.c \
  %D%/maze.c \
  %D%/maze.h \
  %D%/memory.c \
  %D%/memory.h \
  %D%/metrics.c \
  %D%/metrics.h \
  %D%/model.c \
  %D%/model.h \
  %D%/nearest.c \
  %D%/nearest.h \
  %D%/npy.c \
  %D%/npy.h \
  %D%/npy_write.c \
  %D%/npz.c \
  %D%/npz.h \
  %D%/optimizer.c \
  %D%/optimizer.h \
  %D%/optimizer_kernels.c \
  %D%/optimizer_kernels.h \
  %D%/option_lists.h \
  %D%/option_table.h \
  %D%/option_values.c \
  %D%/option_values.h \
  %D%/page.c \
  %D%/page.h \
  %D%/pickle.c \
  %D%/pickle.h \
  %D%/pickle_opcodes.def \
  %D%/predictions.c \
  %D%/predictions.h \
  %D%/peak.c \
  %D%/peak.h \
  %D%/principal.c \
  %D%/principal.h \
  %D%/progress.c \
  %D%/progress.h \
  %D%/pt.c \
  %D%/pt.h \
  %D%/pt_storages.c \
  %D%/pt_tensors.c \
  %D%/pt_tensors.h \
  %D%/puzzle_text.c \
  %D%/puzzle_text.h \
  %D%/random.c \
  %D%/random.h \
  %D%/replay.c \
  %D%/replay.h \
  %D%/run.c \
  %D%/run.h \
  %D%/run_lines.c \
  %D%/run_lines.h \
  %D%/safetensors.c \
  %D%/safetensors.h \
  %D%/schedule.c \
  %D%/schedule.h \
  %D%/score.c \
  %D%/score.h \
  %D%/score_arc.c \
  %D%/score_maze.c \
  %D%/segment_step.c \
  %D%/segment_step.h \
  %D%/settings.c \
  %D%/settings.h \
  %D%/shape.c \
  %D%/shape.h \
  %D%/slots.c \
  %D%/slots.h \
  %D%/team.c \
  %D%/team.h \
  %D%/tensor_file.c \
  %D%/tensor_file.h \
  %D%/text.h \
  %D%/trace_report.c \
  %D%/trace_report.h \
  %D%/tracing.c \
  %D%/tracing.h \
  %D%/trainer.c \
  %D%/trainer.h \
  %D%/training.c \
  %D%/training.h \
  %D%/training_begin.c \
  %D%/weight_part.c \
  %D%/weight_part.h \
  %D%/widths.h \
  %D%/weights_file.c \
  %D%/weights_file.h

# The templates of pages with the plotting library, as texts.
nodist_libhrm_a_SOURCES = %D%/page_text.c
CLEANFILES += %D%/page_text.c
page_files = \
  %D%/page/page.html \
  %D%/page/page.css \
  %D%/page/chart.licence \
  %D%/page/common.js \
  %D%/page/grid.js \
  %D%/page/trace.js \
  %D%/page/plot.js \
  %D%/page/analysis.js \
  %D%/page/compare.js \
  %D%/page/main.js
EXTRA_DIST += $(page_files) %D%/page/page.awk
%D%/page_text.c: $(page_files) %D%/page/page.awk $(CHART_JS)
	$(AM_V_GEN)$(MKDIR_P) %D% && \
	LC_ALL=C $(AWK) -v chart=$(CHART_JS) -f $(top_srcdir)/%D%/page/page.awk $(top_srcdir)/%D%/page/page.html > $@.tmp && \
	mv $@.tmp $@

hrmincludedir = $(includedir)/hrm
dist_hrminclude_HEADERS = %D%/hrm.h

noinst_LIBRARIES += libdata.a
# The loops of the Sudoku solver are short and their lengths are known.
libdata_a_CFLAGS = $(AM_CFLAGS) $(OPENMP_CFLAGS) -funroll-loops
libdata_a_SOURCES = \
  %D%/data/arc_augment.c \
  %D%/data/arc_command.c \
  %D%/data/arc_parse.c \
  %D%/data/arc_read.c \
  %D%/data/arc_sets.c \
  %D%/data/arc_sets.h \
  %D%/data/arc_tasks.h \
  %D%/data/arguments.c \
  %D%/data/arguments.h \
  %D%/data/commands.h \
  %D%/data/csv.c \
  %D%/data/csv.h \
  %D%/data/draws.h \
  %D%/data/info_command.c \
  %D%/data/json_line.c \
  %D%/data/json_line.h \
  %D%/data/maze_command.c \
  %D%/data/maze_generate.c \
  %D%/data/maze_sets.c \
  %D%/data/maze_sets.h \
  %D%/data/option_lists.h \
  %D%/data/leftover.c \
  %D%/data/leftover.h \
  %D%/data/output.c \
  %D%/data/output.h \
  %D%/data/picture.c \
  %D%/data/picture.h \
  %D%/data/puzzle_csv.c \
  %D%/data/puzzle_generate.c \
  %D%/data/puzzle_sets.c \
  %D%/data/puzzle_sets.h \
  %D%/data/split.c \
  %D%/data/split.h \
  %D%/data/sudoku.h \
  %D%/data/sudoku_command.c \
  %D%/data/sudoku_csv.c \
  %D%/data/sudoku_generate.c \
  %D%/data/sudoku_sets.c \
  %D%/data/sudoku_sets.h \
  %D%/data/sudoku_solve.c \
  %D%/data/sudoku_symmetry.c

bin_PROGRAMS += hrm-data
hrm_data_SOURCES = %D%/data/main.c
hrm_data_LDADD = libdata.a libhrm.a $(RUNTIME_LIBS)

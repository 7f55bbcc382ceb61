# The compiler proper knows neither the command line nor LLVM; only %D%/emit sees LLVM's headers.

noinst_LIBRARIES += libcompiler.a libemit.a libdriver.a

libcompiler_a_SOURCES = \
  %D%/analysis.c \
  %D%/arena.c \
  %D%/arena.h \
  %D%/ast.h \
  %D%/ast_print.c \
  %D%/ast_visit.c \
  %D%/ast_visit.h \
  %D%/batch.c \
  %D%/chain.c \
  %D%/chain.h \
  %D%/chain_plan.c \
  %D%/contraction.c \
  %D%/contraction.h \
  %D%/copy.c \
  %D%/cost.c \
  %D%/cost.h \
  %D%/describe.c \
  %D%/describe.h \
  %D%/diag.c \
  %D%/diag.h \
  %D%/diag_items.h \
  %D%/diag_json.c \
  %D%/diag_print.c \
  %D%/elab.h \
  %D%/elab_builtin.c \
  %D%/elab_call.c \
  %D%/elab_expr.c \
  %D%/elab_file.c \
  %D%/elab_model.c \
  %D%/elab_model.h \
  %D%/elab_module.c \
  %D%/elab_names.c \
  %D%/elab_index.c \
  %D%/elab_labelled.c \
  %D%/elab_notation.c \
  %D%/elab_notation.h \
  %D%/elab_policy.c \
  %D%/elab_policy.h \
  %D%/elab_session.c \
  %D%/elab_stmt.c \
  %D%/elab_subscript.c \
  %D%/elab_tensor.c \
  %D%/elab_require.c \
  %D%/elab_test.c \
  %D%/elab_trace.c \
  %D%/elab_train.c \
  %D%/elab_value.c \
  %D%/elaborate.c \
  %D%/elaborate.h \
  %D%/excerpt.c \
  %D%/excerpt.h \
  %D%/forms.c \
  %D%/explain.h \
  %D%/format.c \
  %D%/format.h \
  %D%/format_pieces.c \
  %D%/format_pieces.h \
  %D%/fuse.c \
  %D%/grad.c \
  %D%/grad_scalar.c \
  %D%/grad_scalar.h \
  %D%/graph.c \
  %D%/graph.h \
  %D%/graph_print.c \
  %D%/graph_read.c \
  %D%/graph_text.h \
  %D%/graph_types.c \
  %D%/group.c \
  %D%/guard.c \
  %D%/guard.h \
  %D%/hoist.c \
  %D%/horizon.c \
  %D%/infer.c \
  %D%/infer.h \
  %D%/kernel.c \
  %D%/kernel.h \
  %D%/layout.c \
  %D%/lex.c \
  %D%/lex.h \
  %D%/library.h \
  %D%/machine.c \
  %D%/machine.h \
  %D%/matrix.c \
  %D%/memory.c \
  %D%/messages.def \
  %D%/nest.c \
  %D%/nest_shape.c \
  %D%/ops.def \
  %D%/pack.c \
  %D%/pads.c \
  %D%/pads.h \
  %D%/pairs.c \
  %D%/panels.c \
  %D%/parse.c \
  %D%/parse_block.c \
  %D%/parse_decl.c \
  %D%/parse_expr.c \
  %D%/parse_member.c \
  %D%/parse_require.c \
  %D%/parse_stmt.c \
  %D%/parse_token.c \
  %D%/parse_type.c \
  %D%/parser.h \
  %D%/passes.h \
  %D%/plan.c \
  %D%/plan.h \
  %D%/planner.h \
  %D%/precision.c \
  %D%/program.c \
  %D%/program.h \
  %D%/rebuild.c \
  %D%/rebuild.h \
  %D%/recompute.c \
  %D%/siblings.c \
  %D%/simplify.c \
  %D%/simplify.h \
  %D%/simplify_map.c \
  %D%/simplify_view.c \
  %D%/source.c \
  %D%/source.h \
  %D%/split.c \
  %D%/tokens.def \
  %D%/utf8.c \
  %D%/utf8.h \
  %D%/verify.c \
  %D%/view.c \
  %D%/warn.c \
  %D%/warn.h \
  %D%/widen.c
nodist_libcompiler_a_SOURCES = %D%/explain_data.c %D%/stdlib_data.c

libemit_a_CPPFLAGS = $(AM_CPPFLAGS) $(LLVM_CPPFLAGS)
libemit_a_CFLAGS = $(AM_CFLAGS) -fPIC
libemit_a_SOURCES = \
  %D%/emit/bf16.c \
  %D%/emit/blas.c \
  %D%/emit/build.c \
  %D%/emit/codegen.h \
  %D%/emit/contraction.c \
  %D%/emit/contraction.h \
  %D%/emit/contraction_tile.c \
  %D%/emit/emit.c \
  %D%/emit/emission.h \
  %D%/emit/emit.h \
  %D%/emit/engine.c \
  %D%/emit/engine.h \
  %D%/emit/features.c \
  %D%/emit/functions.c \
  %D%/emit/kernels.c \
  %D%/emit/loop.c \
  %D%/emit/loop.h \
  %D%/emit/loop_access.c \
  %D%/emit/loop_plan.c \
  %D%/emit/loop_value.c \
  %D%/emit/math.c \
  %D%/emit/module.h \
  %D%/emit/scalar.c \
  %D%/emit/target.c \
  %D%/emit/transposition.c

libdriver_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEDIT_CFLAGS) \
  -DHRMC_BINDIR='"$(bindir)"' \
  -DHRMC_PKGLIBDIR='"$(pkglibdir)"' \
  -DHRMC_LINKER='"$(CC)"' \
  -DHRMC_RUNTIME_LIBS='"$(SANITIZER_FLAGS) $(RUNTIME_LIBS)"'
libdriver_a_SOURCES = \
  %D%/driver/blame.c \
  %D%/driver/blame.h \
  %D%/driver/command_compare.c \
  %D%/driver/command_compile.c \
  %D%/driver/command_diff.c \
  %D%/driver/command_explain.c \
  %D%/driver/command_fmt.c \
  %D%/driver/command_repl.c \
  %D%/driver/command_run.c \
  %D%/driver/command_test.c \
  %D%/driver/commands.h \
  %D%/driver/compilation.c \
  %D%/driver/compile.c \
  %D%/driver/compile.h \
  %D%/driver/embed.c \
  %D%/driver/embed.h \
  %D%/driver/execute.c \
  %D%/driver/execute.h \
  %D%/driver/option_lists.h \
  %D%/driver/options.c \
  %D%/driver/options.h \
  %D%/driver/options_compare.c \
  %D%/driver/options_compare.h \
  %D%/driver/options_variants.c \
  %D%/driver/options_variants.h \
  %D%/driver/output.c \
  %D%/driver/output.h \
  %D%/driver/paths.c \
  %D%/driver/paths.h \
  %D%/driver/report.c \
  %D%/driver/report.h \
  %D%/driver/suggest.c \
  %D%/driver/suggest.h \
  %D%/driver/trial.c \
  %D%/driver/trial.h \
  %D%/driver/variant.c \
  %D%/driver/variant.h \
  %D%/repl/command.c \
  %D%/repl/command.h \
  %D%/repl/command_gradient.c \
  %D%/repl/command_inspect.c \
  %D%/repl/command_model.c \
  %D%/repl/command_session.c \
  %D%/repl/commands.def \
  %D%/repl/complete.c \
  %D%/repl/console.c \
  %D%/repl/console.h \
  %D%/repl/declare.c \
  %D%/repl/evaluate.c \
  %D%/repl/interrupt_point.c \
  %D%/repl/interrupt_point.h \
  %D%/repl/model.c \
  %D%/repl/model.h \
  %D%/repl/print.c \
  %D%/repl/session.c \
  %D%/repl/session.h
# What models are linked with stands in the Makefile.
%D%/driver/libdriver_a-paths.$(OBJEXT): Makefile

nodist_libdriver_a_SOURCES = %D%/embed_taken.c %D%/embed_text.c

# hrmc loads the code generator as a module, which takes what it needs of the compiler proper from hrmc.
bin_PROGRAMS += hrmc
hrmc_SOURCES = %D%/driver/main.c %D%/driver/generator.c
hrmc_LDFLAGS = $(AM_LDFLAGS) -Wl,--export-dynamic
hrmc_LDADD = libdriver.a libcompiler.a libhrm.a $(LIBEDIT_LIBS) $(RUNTIME_LIBS) -ldl

moduledir = $(pkglibdir)
module_PROGRAMS = hrmc-llvm.so
hrmc_llvm_so_CFLAGS = $(libemit_a_CFLAGS)
hrmc_llvm_so_SOURCES = %D%/emit/module.c
hrmc_llvm_so_LDFLAGS = $(AM_LDFLAGS) -shared -Wl,-Bsymbolic
hrmc_llvm_so_LDADD = libemit.a $(LLVM_LIBS) -ldl

# What a test that compiles models is linked with.
compiler_libraries = libdriver.a libemit.a libcompiler.a libhrm.a $(LLVM_LIBS) $(LIBEDIT_LIBS) $(RUNTIME_LIBS)

# The explanations of messages, embedded.
CLEANFILES += %D%/explain_data.c
EXTRA_DIST += %D%/explain.awk %D%/explanations.md
%D%/explain_data.c: $(srcdir)/%D%/explanations.md $(srcdir)/%D%/explain.awk
	$(AM_V_GEN)$(MKDIR_P) %D% && \
	LC_ALL=C $(AWK) -f $(srcdir)/%D%/explain.awk $(srcdir)/%D%/explanations.md > $@.tmp && mv $@.tmp $@

# The standard library, embedded.
CLEANFILES += %D%/stdlib_data.c
EXTRA_DIST += %D%/stdlib.awk
%D%/stdlib_data.c: $(stdlib_modules) $(top_srcdir)/%D%/stdlib.awk
	$(AM_V_GEN)$(MKDIR_P) %D% && \
	(cd $(top_srcdir) && LC_ALL=C $(AWK) -f %D%/stdlib.awk $(stdlib_modules)) > $@.tmp && mv $@.tmp $@

# The header of embedded models, as a text, and the prefixes that their functions cannot have.
CLEANFILES += %D%/embed_taken.c %D%/embed_text.c
%D%/embed_taken.c: libhrm.a
	$(AM_V_GEN)$(MKDIR_P) %D% && { \
	echo '/* Made from the symbols of libhrm.a. */' && \
	echo 'extern const char *const embed_taken[];' && \
	echo 'const char *const embed_taken[] = {' && \
	$(NM) -g libhrm.a | sed -n 's/^.* T \([a-z_]*\)_\(version\|open\|close\|save\|solve\|train\)$$/  "\1",/p' | \
	LC_ALL=C sort -u && echo '  0};'; } > $@.tmp && mv $@.tmp $@
EXTRA_DIST += %D%/text.awk
%D%/embed_text.c: $(top_srcdir)/runtime/embed.h $(top_srcdir)/%D%/text.awk
	$(AM_V_GEN)$(MKDIR_P) %D% && \
	LC_ALL=C $(AWK) -v name=embed_header_text -f $(top_srcdir)/%D%/text.awk $(top_srcdir)/runtime/embed.h > $@.tmp && \
	mv $@.tmp $@

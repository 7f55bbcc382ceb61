# Every %D%/check_*.c is a program of its own on Check, every %D%/*.sh a script (exit 77: skipped).

check_programs = \
  %D%/check_batch \
  %D%/check_diag \
  %D%/check_emit_contraction \
  %D%/check_emit_loop \
  %D%/check_emit_math \
  %D%/check_fixture \
  %D%/check_grad \
  %D%/check_graph \
  %D%/check_horizon \
  %D%/check_parse \
  %D%/check_runtime_act \
  %D%/check_runtime_checkpoint \
  %D%/check_runtime_loader \
  %D%/check_runtime_optimizer \
  %D%/check_runtime_training \
  %D%/check_simplify
test_scripts = \
  %D%/lang.sh \
  %D%/runtime.sh
test_data = \
  %D%/lang/elaborate/config/bound.hrm \
  %D%/lang/elaborate/config/choice.hrm \
  %D%/lang/elaborate/config/kind.hrm \
  %D%/lang/elaborate/config/malformed_value.hrm \
  %D%/lang/elaborate/config/unbound.hrm \
  %D%/lang/elaborate/config/unknown.hrm \
  %D%/lang/elaborate/limits/axes.hrm \
  %D%/lang/elaborate/limits/diagonal.hrm \
  %D%/lang/elaborate/limits/elements.hrm \
  %D%/lang/elaborate/limits/lifted_table.hrm \
  %D%/lang/elaborate/limits/sparse_table.hrm \
  %D%/lang/elaborate/model/act_policies.hrm \
  %D%/lang/elaborate/model/act_settings.hrm \
  %D%/lang/elaborate/model/halt_shape.hrm \
  %D%/lang/elaborate/model/initial_state_rank.hrm \
  %D%/lang/elaborate/model/initialisers.hrm \
  %D%/lang/elaborate/model/integer_halt.hrm \
  %D%/lang/elaborate/model/logits_shape.hrm \
  %D%/lang/elaborate/model/members_missing.hrm \
  %D%/lang/elaborate/model/members_twice.hrm \
  %D%/lang/elaborate/model/no_logits.hrm \
  %D%/lang/elaborate/model/no_model.hrm \
  %D%/lang/elaborate/model/scalars.hrm \
  %D%/lang/elaborate/model/state_changes_shape.hrm \
  %D%/lang/elaborate/model/state_shapes.hrm \
  %D%/lang/elaborate/model/tensor_types.hrm \
  %D%/lang/elaborate/model/two_calls.hrm \
  %D%/lang/elaborate/model/two_models.hrm \
  %D%/lang/elaborate/model/weight_types.hrm \
  %D%/lang/elaborate/names/already_defined.hrm \
  %D%/lang/elaborate/names/argument_twice.hrm \
  %D%/lang/elaborate/names/assert_place.hrm \
  %D%/lang/elaborate/names/cycle_a.hrm \
  %D%/lang/elaborate/names/cycle_b.hrm \
  %D%/lang/elaborate/names/imports_itself.hrm \
  %D%/lang/elaborate/names/instance_without_fn.hrm \
  %D%/lang/elaborate/names/left_out.hrm \
  %D%/lang/elaborate/names/missing_argument.hrm \
  %D%/lang/elaborate/names/no_import.hrm \
  %D%/lang/elaborate/names/no_return.hrm \
  %D%/lang/elaborate/names/not_assignable.hrm \
  %D%/lang/elaborate/names/not_callable.hrm \
  %D%/lang/elaborate/names/output_place.hrm \
  %D%/lang/elaborate/names/recursion.hrm \
  %D%/lang/elaborate/names/recursion_that_ends.hrm \
  %D%/lang/elaborate/names/too_many_arguments.hrm \
  %D%/lang/elaborate/names/unknown_argument.hrm \
  %D%/lang/elaborate/names/unknown_member.hrm \
  %D%/lang/elaborate/names/unknown_name.hrm \
  %D%/lang/elaborate/notation/every_form.hrm \
  %D%/lang/elaborate/notation/index_count.hrm \
  %D%/lang/elaborate/notation/index_extent.hrm \
  %D%/lang/elaborate/notation/index_form.hrm \
  %D%/lang/elaborate/notation/index_missing.hrm \
  %D%/lang/elaborate/notation/index_needed.hrm \
  %D%/lang/elaborate/notation/index_unused.hrm \
  %D%/lang/elaborate/notation/unknown_extent.hrm \
  %D%/lang/elaborate/shapes/argument_kind.hrm \
  %D%/lang/elaborate/shapes/argument_rank.hrm \
  %D%/lang/elaborate/shapes/argument_shape.hrm \
  %D%/lang/elaborate/shapes/condition.hrm \
  %D%/lang/elaborate/shapes/counts.hrm \
  %D%/lang/elaborate/shapes/division_by_zero.hrm \
  %D%/lang/elaborate/shapes/empty_slice.hrm \
  %D%/lang/elaborate/shapes/float_needed.hrm \
  %D%/lang/elaborate/shapes/index_integer.hrm \
  %D%/lang/elaborate/shapes/index_range.hrm \
  %D%/lang/elaborate/shapes/integer_and_float.hrm \
  %D%/lang/elaborate/shapes/lifts_differ.hrm \
  %D%/lang/elaborate/shapes/lists.hrm \
  %D%/lang/elaborate/shapes/named_dimensions.hrm \
  %D%/lang/elaborate/shapes/not_a_number.hrm \
  %D%/lang/elaborate/shapes/not_a_tensor.hrm \
  %D%/lang/elaborate/shapes/not_iterable.hrm \
  %D%/lang/elaborate/shapes/not_whole.hrm \
  %D%/lang/elaborate/shapes/operands.hrm \
  %D%/lang/elaborate/shapes/reduce_scalar.hrm \
  %D%/lang/elaborate/shapes/repeat.hrm \
  %D%/lang/elaborate/shapes/repeat_kind.hrm \
  %D%/lang/elaborate/shapes/reshape.hrm \
  %D%/lang/elaborate/shapes/result.hrm \
  %D%/lang/elaborate/shapes/return_in_repeat.hrm \
  %D%/lang/elaborate/shapes/several_errors.hrm \
  %D%/lang/elaborate/shapes/shape_list.hrm \
  %D%/lang/elaborate/shapes/too_many_subscripts.hrm \
  %D%/lang/elaborate/shapes/written_types.hrm \
  %D%/lang/elaborate/train/every_setting.hrm \
  %D%/lang/elaborate/train/settings_are_numbers.hrm \
  %D%/lang/elaborate/train/settings_of_a_policy.hrm \
  %D%/lang/elaborate/train/settings_out_of_range.hrm \
  %D%/lang/elaborate/train/target_nothing.hrm \
  %D%/lang/elaborate/train/unknown_policies.hrm \
  %D%/lang/elaborate/train/unknown_settings.hrm \
  %D%/lang/syntax/arguments.err \
  %D%/lang/syntax/arguments.hrm \
  %D%/lang/syntax/brace_too_many.err \
  %D%/lang/syntax/brace_too_many.hrm \
  %D%/lang/syntax/carriage_return.err \
  %D%/lang/syntax/carriage_return.hrm \
  %D%/lang/syntax/chained_comparison.err \
  %D%/lang/syntax/chained_comparison.hrm \
  %D%/lang/syntax/comparison_for_assignment.err \
  %D%/lang/syntax/comparison_for_assignment.hrm \
  %D%/lang/syntax/continued_line.err \
  %D%/lang/syntax/continued_line.hrm \
  %D%/lang/syntax/control_character.err \
  %D%/lang/syntax/control_character.hrm \
  %D%/lang/syntax/deep_blocks.err \
  %D%/lang/syntax/deep_blocks.hrm \
  %D%/lang/syntax/deep_parentheses.err \
  %D%/lang/syntax/deep_parentheses.hrm \
  %D%/lang/syntax/expected_expression.err \
  %D%/lang/syntax/expected_expression.hrm \
  %D%/lang/syntax/extra_brace.err \
  %D%/lang/syntax/extra_brace.hrm \
  %D%/lang/syntax/foreign_operators.err \
  %D%/lang/syntax/foreign_operators.hrm \
  %D%/lang/syntax/head_and_body.err \
  %D%/lang/syntax/head_and_body.hrm \
  %D%/lang/syntax/leading_operator.err \
  %D%/lang/syntax/leading_operator.hrm \
  %D%/lang/syntax/long_chain.err \
  %D%/lang/syntax/long_chain.hrm \
  %D%/lang/syntax/long_line.err \
  %D%/lang/syntax/long_line.hrm \
  %D%/lang/syntax/many_errors.err \
  %D%/lang/syntax/many_errors.hrm \
  %D%/lang/syntax/missing_brace.err \
  %D%/lang/syntax/missing_brace.hrm \
  %D%/lang/syntax/missing_brace_at_end.err \
  %D%/lang/syntax/missing_brace_at_end.hrm \
  %D%/lang/syntax/missing_brace_in_module.err \
  %D%/lang/syntax/missing_brace_in_module.hrm \
  %D%/lang/syntax/missing_else.err \
  %D%/lang/syntax/missing_else.hrm \
  %D%/lang/syntax/missing_horizon.err \
  %D%/lang/syntax/missing_horizon.hrm \
  %D%/lang/syntax/missing_opening_brace.err \
  %D%/lang/syntax/missing_opening_brace.hrm \
  %D%/lang/syntax/missing_parenthesis.err \
  %D%/lang/syntax/missing_parenthesis.hrm \
  %D%/lang/syntax/misspelt_keywords.err \
  %D%/lang/syntax/misspelt_keywords.hrm \
  %D%/lang/syntax/model_only.err \
  %D%/lang/syntax/model_only.hrm \
  %D%/lang/syntax/multi_line_call.err \
  %D%/lang/syntax/multi_line_call.hrm \
  %D%/lang/syntax/not_utf8.err \
  %D%/lang/syntax/not_utf8.hrm \
  %D%/lang/syntax/numbers.err \
  %D%/lang/syntax/numbers.hrm \
  %D%/lang/syntax/reserved_word.err \
  %D%/lang/syntax/reserved_word.hrm \
  %D%/lang/syntax/strings.err \
  %D%/lang/syntax/strings.hrm \
  %D%/lang/syntax/subscripts.err \
  %D%/lang/syntax/subscripts.hrm \
  %D%/lang/syntax/tabs_and_unicode.err \
  %D%/lang/syntax/tabs_and_unicode.hrm \
  %D%/lang/syntax/test_block.err \
  %D%/lang/syntax/test_block.hrm \
  %D%/lang/syntax/train_block.err \
  %D%/lang/syntax/train_block.hrm \
  %D%/lang/syntax/types.err \
  %D%/lang/syntax/types.hrm \
  %D%/lang/syntax/unexpected_character.err \
  %D%/lang/syntax/unexpected_character.hrm \
  %D%/lang/syntax/unused_expression.err \
  %D%/lang/syntax/unused_expression.hrm

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
  %D%/fixture.c \
  %D%/fixture.h \
  %D%/kernel_interpreter.c \
  %D%/kernel_interpreter.h \
  %D%/plan_harness.c \
  %D%/plan_harness.h \
  %D%/random_graph.c \
  %D%/random_graph.h \
  %D%/shared.c \
  %D%/shared.h

check_PROGRAMS += $(check_programs)
dist_check_SCRIPTS += $(test_scripts)
EXTRA_DIST += $(test_data)
TESTS += $(check_programs) $(test_scripts)

# For runtime.sh: a hand-written model behind the runtime's commands, and its data set.  The first has runtime/main.c.
check_PROGRAMS += %D%/fake_model %D%/fake_data
%C%_fake_model_SOURCES = %D%/fake_model.c
%C%_fake_model_LDADD = libhrm.a $(RUNTIME_LIBS)
%C%_fake_data_SOURCES = %D%/fake_data_main.c
%C%_fake_data_LDADD = libtesting.a libhrm.a $(RUNTIME_LIBS)

# Programs without a line of their own are made of the source of their name, by these.
LDADD = libtesting.a libdata.a $(compiler_libraries) $(CHECK_LIBS)

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = bash
AM_TESTS_ENVIRONMENT = \
  top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
  top_builddir='$(abs_top_builddir)'; export top_builddir; \
  HRMC='$(abs_top_builddir)/hrmc'; export HRMC; \
  HRM_DATA='$(abs_top_builddir)/hrm-data'; export HRM_DATA; \
  CC='$(CC)'; export CC;

# Takes what the golden tests print now as what they shall print; look at the diff.
.PHONY: update-tests
update-tests: hrmc
	UPDATE=1 HRMC='$(abs_top_builddir)/hrmc' top_srcdir='$(top_srcdir)' bash $(srcdir)/%D%/lang.sh

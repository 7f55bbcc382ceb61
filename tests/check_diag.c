/* Arenas, source texts and what diagnostics look like. */
#include "compiler/arena.h"
#include "compiler/diag.h"
#include "compiler/source.h"
#include "compiler/utf8.h"
#include "runtime/nearest.h"
#include "tests/suite.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena *arena;
static struct diags *diags;

static void setup(void) {
  arena = arena_new();
  diags = diags_new(arena);
}

static void teardown(void) { arena_free(arena); }

static char *printed(bool colour) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  diag_print(diags, out, colour);
  fclose(out);
  char *copy = arena_strdup(arena, text);
  free(text);
  return copy;
}

/* The first place where a source has a text. */
static struct span at(const struct source *source, const char *text) {
  const char *found = strstr(source->text, text);
  ck_assert_ptr_nonnull(found);
  uint32_t begin = (uint32_t)(found - source->text);
  return (struct span){source, begin, begin + (uint32_t)strlen(text)};
}

/* -- arenas -- */

START_TEST(test_arena_objects) {
  unsigned char *last = NULL;
  for (size_t size = 0; size < 100000; size += 1 + size / 3) {
    unsigned char *object = arena_alloc(arena, size);
    ck_assert_uint_eq((uintptr_t)object % sizeof(long double), 0);
    ck_assert_ptr_ne(object, last);
    for (size_t i = 0; i < size; i++) ck_assert_uint_eq(object[i], 0);
    memset(object, 0xFF, size);
    last = object;
  }
}
END_TEST

START_TEST(test_arena_objects_keep_their_content) {
  enum { COUNT = 2000 };
  char *texts[COUNT];
  for (int i = 0; i < COUNT; i++) texts[i] = arena_printf(arena, "%0*d", 1 + i % 700, i);
  for (int i = 0; i < COUNT; i++) ck_assert_int_eq(atoi(texts[i]), i);
}
END_TEST

START_TEST(test_arena_texts) {
  ck_assert_str_eq(arena_strdup(arena, ""), "");
  ck_assert_str_eq(arena_strndup(arena, "abcdef", 3), "abc");
  ck_assert_str_eq(arena_printf(arena, "%s-%d", "x", 7), "x-7");
}
END_TEST

START_TEST(test_arena_push) {
  int *items = NULL, count = 0, capacity = 0;
  for (int i = 0; i < 10000; i++) arena_push(arena, items, count, capacity, i * i);
  ck_assert_int_eq(count, 10000);
  for (int i = 0; i < count; i++) ck_assert_int_eq(items[i], i * i);
}
END_TEST

START_TEST(test_arena_overflow_ends_the_process) {
  fclose(stderr);
  arena_array(arena, 16, SIZE_MAX / 8);
}
END_TEST

/* -- UTF-8 -- */

START_TEST(test_utf8) {
  static const struct {
    const char *text;
    int length;
  } cases[] = {
      {"a", 1},
      {"\xC3\xA9", 2},
      {"\xE2\x82\xAC", 3},
      {"\xF0\x9F\x98\x80", 4},
      {"\x80", 0},
      {"\xC3", 0},
      {"\xC3(", 0},
      {"\xC0\x80", 0},
      {"\xE0\x80\x80", 0},
      {"\xED\xA0\x80", 0},
      {"\xFF", 0},
      {"\xF0\x80\x80\x80", 0},
      {"\xF4\x90\x80\x80", 0},
      {"\xF4\x8F\xBF\xBF", 4},
      {"", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_int_eq(utf8_sequence(cases[i].text, strlen(cases[i].text)), cases[i].length);
  ck_assert_int_eq(utf8_sequence("\xE2\x82\xAC", 2), 0);
}
END_TEST

/* -- sources -- */

START_TEST(test_positions) {
  const struct source *source = source_from_text(arena, "f.hrm", "let a\n\tl\xC3\xA9t b\r\n\nend");
  static const struct {
    uint32_t offset;
    int line, column;
  } cases[] = {{0, 1, 1}, {4, 1, 5}, {5, 1, 6}, {6, 2, 1}, {7, 2, 2}, {10, 2, 4}, {15, 3, 1}, {19, 4, 4}, {99, 4, 4}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct position position = span_position((struct span){source, cases[i].offset, cases[i].offset});
    ck_assert_int_eq(position.line, cases[i].line);
    ck_assert_int_eq(position.column, cases[i].column);
  }
}
END_TEST

START_TEST(test_lines) {
  const struct source *source = source_from_text(arena, "f.hrm", "one\r\ntwo\n");
  ck_assert_str_eq(span_text(arena, span_line(at(source, "n"))), "one");
  ck_assert_str_eq(span_text(arena, span_line(at(source, "two"))), "two");
  ck_assert_str_eq(span_text(arena, span_line((struct span){source, 9, 9})), "");
  ck_assert_str_eq(span_text(arena, (struct span){source, 5, 999}), "two\n");
}
END_TEST

START_TEST(test_joined_spans) {
  const struct source *source = source_from_text(arena, "f.hrm", "abc def"),
                      *other = source_from_text(arena, "g", "x");
  struct span whole = span_join(at(source, "def"), at(source, "abc"));
  ck_assert_str_eq(span_text(arena, whole), "abc def");
  ck_assert_str_eq(span_text(arena, span_join((struct span){0}, at(source, "def"))), "def");
  ck_assert_str_eq(span_text(arena, span_join(at(source, "abc"), at(other, "x"))), "abc");
}
END_TEST

/* A file of the test's own, removed by the caller. */
static char *write_file(const char *content, size_t length) {
  char *path = arena_strdup(arena, "check_diag_XXXXXX");
  int file = mkstemp(path);
  ck_assert_int_ge(file, 0);
  ck_assert_int_eq(write(file, content, length), (ssize_t)length);
  close(file);
  return path;
}

START_TEST(test_read) {
  static const char content[] = "\xEF\xBB\xBFlet a = 1\r\n";
  char *path = write_file(content, sizeof content - 1);
  const struct source *source = source_read(arena, diags, path);
  unlink(path);
  ck_assert_ptr_nonnull(source);
  ck_assert_str_eq(source->text, "let a = 1\r\n");
  ck_assert_uint_eq(source->length, 11);
  ck_assert_str_eq(source->name, path);
  ck_assert_int_eq(diag_exit_code(diags), 0);
}
END_TEST

START_TEST(test_read_empty) {
  char *path = write_file("", 0);
  const struct source *source = source_read(arena, diags, path);
  unlink(path);
  ck_assert_ptr_nonnull(source);
  ck_assert_uint_eq(source->length, 0);
}
END_TEST

START_TEST(test_read_missing) {
  ck_assert_ptr_null(source_read(arena, diags, "no/such.hrm"));
  ck_assert_str_eq(printed(false), "hrmc: error: cannot read 'no/such.hrm': No such file or directory [E180]\n");
  ck_assert_int_eq(diag_exit_code(diags), 1);
}
END_TEST

START_TEST(test_read_directory) {
  ck_assert_ptr_null(source_read(arena, diags, "."));
  ck_assert_str_eq(printed(false), "hrmc: error: cannot read '.': it is a directory [E180]\n");
}
END_TEST

START_TEST(test_read_device) {
  ck_assert_ptr_null(source_read(arena, diags, "/dev/null"));
  ck_assert_str_eq(printed(false), "hrmc: error: cannot read '/dev/null': it is not a regular file [E180]\n");
}
END_TEST

START_TEST(test_read_large) {
  char *path = write_file("x", 1);
  ck_assert_int_eq(truncate(path, (off_t)SOURCE_SIZE_LIMIT + 1), 0);
  const struct source *source = source_read(arena, diags, path);
  unlink(path);
  ck_assert_ptr_null(source);
  ck_assert_str_eq(printed(false), arena_printf(arena,
                                                "hrmc: error: cannot read '%s': a source file has at most 16 MiB "
                                                "[E181]\n",
                                                path));
}
END_TEST

START_TEST(test_read_bytes) {
  static const char content[] = "let\na = \xFF";
  char *path = write_file(content, sizeof content - 1);
  const struct source *source = source_read(arena, diags, path);
  unlink(path);
  ck_assert_ptr_null(source);
  ck_assert_str_eq(printed(false), arena_printf(arena,
                                                "%s:2:5: error: byte 0xFF is not UTF-8: a source must be UTF-8 text "
                                                "[E182]\n"
                                                "    2 | a = ?\n"
                                                "      |     ^\n",
                                                path));
}
END_TEST

START_TEST(test_read_zero_byte) {
  char *path = write_file("a\0b", 3);
  const struct source *source = source_read(arena, diags, path);
  unlink(path);
  ck_assert_ptr_null(source);
  ck_assert_ptr_nonnull(strstr(printed(false), ":1:2: error: control character 0x00: "));
}
END_TEST

/* -- diagnostics -- */

static const char MODEL[] = "module M {\n"
                            "  let x = sqrt(hidden) * embed(inputs)\n"
                            "  z_L = L_level(z_L, z_H + x)\n"
                            "}\n";

START_TEST(test_ranges_and_notes) {
  const struct source *source = source_from_text(arena, "m.hrm", MODEL);
  struct diag *diagnostic = diag_report(diags, MSG_EXPECTED, at(source, "+"), "equal shapes", "'z_H + x'");
  diag_range(diags, diagnostic, at(source, "x)"), "[81, 512]");
  diag_range(diags, diagnostic, at(source, "z_H"), "[%d, 512]", 82);
  diag_note(diags, diagnostic, at(source, "x = "), "x gets its shape here");
  diag_note(diags, diagnostic, (struct span){0}, "no place");
  ck_assert_str_eq(printed(false), "m.hrm:3:26: error: expected equal shapes, found 'z_H + x' [E108]\n"
                                   "    3 |   z_L = L_level(z_L, z_H + x)\n"
                                   "      |                      ~~~ ^ ~~ [81, 512]\n"
                                   "      |                      [82, 512]\n"
                                   "m.hrm:2:7: note: x gets its shape here\n"
                                   "    2 |   let x = sqrt(hidden) * embed(inputs)\n"
                                   "note: no place\n");
}
END_TEST

START_TEST(test_many_labels) {
  const struct source *source = source_from_text(arena, "m.hrm", "f(aa, bb, cc, dd)\n");
  struct diag *diagnostic = diag_report(diags, MSG_EXPRESSION_LINE, at(source, "f"));
  diag_range(diags, diagnostic, at(source, "cc"), "third");
  diag_range(diags, diagnostic, at(source, "aa"), "first");
  diag_range(diags, diagnostic, at(source, "bb"), "second");
  diag_range(diags, diagnostic, at(source, "dd"), "%s", "");
  ck_assert_ptr_nonnull(strstr(printed(false), "    1 | f(aa, bb, cc, dd)\n"
                                               "      | ^ ~~  ~~  ~~  ~~\n"
                                               "      |   |   |   third\n"
                                               "      |   |   second\n"
                                               "      |   first\n"));
}
END_TEST

START_TEST(test_range_over_lines) {
  const struct source *source = source_from_text(arena, "m.hrm", "a = (1,\n  2)\nb = 3\n");
  struct diag *diagnostic = diag_report(diags, MSG_EXPRESSION_LINE, at(source, "(1,\n  2)"));
  diag_range(diags, diagnostic, at(source, "3"), "later");
  ck_assert_ptr_nonnull(strstr(printed(false), "    1 | a = (1,\n"
                                               "      |     ^~~\n"
                                               "    3 | b = 3\n"
                                               "      |     ~ later\n"));
}
END_TEST

START_TEST(test_range_in_another_source) {
  const struct source *source = source_from_text(arena, "m.hrm", "a = 1\n"),
                      *other = source_from_text(arena, "-D x", "b");
  struct diag *diagnostic = diag_report(diags, MSG_EXPRESSION_LINE, at(source, "1"));
  diag_range(diags, diagnostic, at(other, "b"), "bound here");
  ck_assert_ptr_nonnull(strstr(printed(false), "    1 | a = 1\n"
                                               "      |     ^\n"
                                               "-D x:1:1: note: bound here\n"
                                               "    1 | b\n"));
}
END_TEST

START_TEST(test_tabs_and_characters) {
  const struct source *source = source_from_text(arena, "m.hrm", "\ta\t= \"\xC3\xA9\xC3\xA9\" + b");
  diag_report(diags, MSG_EXPRESSION_LINE, at(source, "b"));
  ck_assert_ptr_nonnull(strstr(printed(false), "m.hrm:1:13: "));
  ck_assert_ptr_nonnull(strstr(printed(false), "    1 |         a       = \"\xC3\xA9\xC3\xA9\" + b\n"
                                               "      |                          ^\n"));
}
END_TEST

START_TEST(test_end_of_text) {
  const struct source *source = source_from_text(arena, "m.hrm", "a");
  diag_report(diags, MSG_EXPRESSION_LINE, (struct span){source, 1, 1});
  ck_assert_ptr_nonnull(strstr(printed(false), "    1 | a\n"
                                               "      |  ^\n"));
}
END_TEST

START_TEST(test_long_line_is_cut) {
  char text[1001];
  memset(text, '-', sizeof text);
  text[sizeof text - 1] = '\0';
  text[500] = 'x';
  const struct source *source = source_from_text(arena, "m.hrm", text);
  diag_report(diags, MSG_EXPRESSION_LINE, at(source, "x"));
  char *excerpt = strchr(printed(false), '\n') + 1, *carets = strchr(excerpt, '\n') + 1;
  ck_assert_int_eq(strncmp(excerpt, "    1 | ...---", 14), 0);
  ck_assert_int_lt(carets - excerpt, 200);
  ck_assert_int_eq(strchr(excerpt, 'x') - excerpt, strchr(carets, '^') - carets);
}
END_TEST

START_TEST(test_line_numbers_widen_the_gutter) {
  char *text = arena_alloc(arena, 123456 + 2);
  memset(text, '\n', 123455);
  strcpy(text + 123455, "x");
  const struct source *source = source_from_text(arena, "m.hrm", text);
  diag_report(diags, MSG_EXPRESSION_LINE, at(source, "x"));
  ck_assert_ptr_nonnull(strstr(printed(false), "\n123456 | x\n       | ^\n"));
}
END_TEST

START_TEST(test_terminal_is_not_obeyed) {
  const struct source *source = source_from_text(arena, "a\033[2J.hrm", "x \033[31m\xC2\x9B");
  struct diag *diagnostic = diag_report(diags, MSG_UNEXPECTED_CHARACTER, at(source, "x"), "\033\x80");
  diag_range(diags, diagnostic, at(source, "["), "\a");
  ck_assert_str_eq(printed(false), "a?[2J.hrm:1:1: error: unexpected character '?\?' [E101]\n"
                                   "    1 | x ?[31m?\n"
                                   "      | ^  ~ ?\n");
}
END_TEST

START_TEST(test_identical_ones_are_printed_once) {
  const struct source *source = source_from_text(arena, "m.hrm", "a b");
  for (int i = 0; i < 3; i++) diag_report(diags, MSG_UNEXPECTED_CHARACTER, at(source, "a"), "a");
  diag_report(diags, MSG_UNEXPECTED_CHARACTER, at(source, "b"), "a");
  diag_report(diags, MSG_UNEXPECTED_CHARACTER, at(source, "a"), "b");
  ck_assert_int_eq(diag_count(diags, SEVERITY_ERROR), 3);
  ck_assert_int_eq(diag_count(diags, SEVERITY_LIMITATION), 0);
  ck_assert_str_eq(printed(false), "m.hrm:1:1: error: unexpected character 'a' [E101]\n"
                                   "    1 | a b\n"
                                   "      | ^\n"
                                   "m.hrm:1:3: error: unexpected character 'a' [E101]\n"
                                   "    1 | a b\n"
                                   "      |   ^\n"
                                   "m.hrm:1:1: error: unexpected character 'b' [E101]\n"
                                   "    1 | a b\n"
                                   "      | ^\n");
}
END_TEST

START_TEST(test_colour) {
  const struct source *source = source_from_text(arena, "m.hrm", "a");
  struct diag *diagnostic = diag_report(diags, MSG_UNEXPECTED_CHARACTER, at(source, "a"), "a");
  diag_note(diags, diagnostic, (struct span){0}, "why");
  ck_assert_ptr_null(strchr(printed(false), '\033'));
  ck_assert_str_eq(printed(true), "\033[1mm.hrm:1:1: \033[0m\033[1;31merror:\033[0m \033[1munexpected character "
                                  "'a'\033[0m [E101]\n"
                                  "    1 | a\n"
                                  "      | \033[1;32m^\033[0m\n"
                                  "\033[1;36mnote:\033[0m why\n");
}
END_TEST

START_TEST(test_codes) {
  static const char *const codes[] = {
#define MESSAGE(name, code, severity, format) code,
#include "compiler/messages.def"
#undef MESSAGE
  };
  for (int i = 0; i < MESSAGE_COUNT; i++) {
    ck_assert_uint_eq(strlen(codes[i]), 4);
    for (int j = 0; j < i; j++) ck_assert_msg(strcmp(codes[i], codes[j]), "code %s is used twice", codes[i]);
  }
}
END_TEST

START_TEST(test_exit_code_is_of_the_worst_class) {
  ck_assert_int_eq(diag_exit_code(diags), 0);
  diag_report(diags, MSG_EXPRESSION_LINE, (struct span){0});
  ck_assert_int_eq(diag_exit_code(diags), 1);
  diag_report(diags, MSG_LIMIT, (struct span){0}, "too much");
  ck_assert_int_eq(diag_exit_code(diags), 3);
  diag_report(diags, MSG_BAD_GRAPH, (struct span){0}, "fuse", "train", "a cycle");
  ck_assert_int_eq(diag_exit_code(diags), 4);
  diag_report(diags, MSG_EXPRESSION_LINE, (struct span){0});
  ck_assert_int_eq(diag_exit_code(diags), 4);
  ck_assert_int_eq(diag_count(diags, SEVERITY_ERROR), 3);
  ck_assert_int_eq(diag_count(diags, SEVERITY_BUG), 1);
}
END_TEST

/* -- the nearest word -- */

START_TEST(test_nearest) {
  static const char *const words[] = {"hidden_size", "num_heads", "param", "buffer", "S", "expansion", "rope"};
  static const struct {
    const char *word, *nearest;
  } cases[] = {
      {"hiden_size", "hidden_size"},
      {"hidden_szie", "hidden_size"},
      {"parm", "param"},
      {"Param", "param"},
      {"apram", "param"},
      {"bufer", "buffer"},
      {"s", "S"},
      {"xyz", NULL},
      {"heads", NULL},
      {"q", NULL},
      {"rope", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_pstr_eq(nearest_word(cases[i].word, words, sizeof words / sizeof *words), cases[i].nearest);
}
END_TEST

START_TEST(test_nearest_prefers_the_nearer) {
  static const char *const words[] = {"embedding", "embeddings"};
  ck_assert_str_eq(nearest_word("embedings", words, 2), "embeddings");
  ck_assert_str_eq(nearest_word("embeding", words, 2), "embedding");
}
END_TEST

START_TEST(test_nearest_of_long_words) {
  char word[300];
  memset(word, 'a', sizeof word);
  word[sizeof word - 1] = '\0';
  const char *const words[] = {word, word + 1, word + 240};
  ck_assert_ptr_null(nearest_word(word, words, 3));
  ck_assert_ptr_eq(nearest_word(word + 241, words, 3), word + 240);
}
END_TEST

static TCase *arena_tests(void) {
  TCase *tests = tcase_create("arena");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, test_arena_objects);
  tcase_add_test(tests, test_arena_objects_keep_their_content);
  tcase_add_test(tests, test_arena_texts);
  tcase_add_test(tests, test_arena_push);
  tcase_add_exit_test(tests, test_arena_overflow_ends_the_process, 5);
  return tests;
}

static TCase *source_tests(void) {
  TCase *tests = tcase_create("source");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, test_utf8);
  tcase_add_test(tests, test_positions);
  tcase_add_test(tests, test_lines);
  tcase_add_test(tests, test_joined_spans);
  tcase_add_test(tests, test_read);
  tcase_add_test(tests, test_read_empty);
  tcase_add_test(tests, test_read_missing);
  tcase_add_test(tests, test_read_directory);
  tcase_add_test(tests, test_read_device);
  tcase_add_test(tests, test_read_large);
  tcase_add_test(tests, test_read_bytes);
  tcase_add_test(tests, test_read_zero_byte);
  return tests;
}

static TCase *diag_tests(void) {
  TCase *tests = tcase_create("diag");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, test_ranges_and_notes);
  tcase_add_test(tests, test_many_labels);
  tcase_add_test(tests, test_range_over_lines);
  tcase_add_test(tests, test_range_in_another_source);
  tcase_add_test(tests, test_tabs_and_characters);
  tcase_add_test(tests, test_end_of_text);
  tcase_add_test(tests, test_long_line_is_cut);
  tcase_add_test(tests, test_line_numbers_widen_the_gutter);
  tcase_add_test(tests, test_terminal_is_not_obeyed);
  tcase_add_test(tests, test_identical_ones_are_printed_once);
  tcase_add_test(tests, test_colour);
  tcase_add_test(tests, test_codes);
  tcase_add_test(tests, test_exit_code_is_of_the_worst_class);
  tcase_add_test(tests, test_nearest);
  tcase_add_test(tests, test_nearest_prefers_the_nearer);
  tcase_add_test(tests, test_nearest_of_long_words);
  return tests;
}

int main(void) {
  Suite *suite = suite_create("diag");
  suite_add_tcase(suite, arena_tests());
  suite_add_tcase(suite, source_tests());
  suite_add_tcase(suite, diag_tests());
  return suite_run(suite);
}

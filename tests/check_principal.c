/* Eigenvalues, principal components and participation ratios. */
#include "runtime/principal.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>

static struct lapack opened(void) {
  struct hrm_error error;
  struct lapack l;
  ck_assert_msg(lapack_open(&l, &error), "%s", error.text);
  return l;
}

START_TEST(eigenvalues_of_a_symmetric_matrix) {
  struct lapack lapack = opened();
  struct hrm_error error;
  double matrix[9] = {2, 1, 0, 1, 2, 0, 0, 0, 5}, values[3];
  ck_assert(lapack_eigen(&lapack, matrix, 3, values, &error));
  ck_assert_double_eq_tol(values[0], 1, 1e-12);
  ck_assert_double_eq_tol(values[1], 3, 1e-12);
  ck_assert_double_eq_tol(values[2], 5, 1e-12);
  ck_assert_double_eq_tol(fabs(matrix[3]), sqrt(0.5), 1e-12); /* (1, 1, 0) / √2 */
  ck_assert_double_eq_tol(matrix[3], matrix[4], 1e-12);
}
END_TEST

START_TEST(products_stand_where_eigen_reads) {
  struct lapack lapack = opened();
  struct hrm_error error;
  const double rows[6] = {1, 2, 3, 4, 5, 6};
  double sums[4] = {0}, values[2];
  lapack_add_products(&lapack, sums, rows, 3, 2);
  ck_assert(lapack_eigen(&lapack, sums, 2, values, &error)); /* of {35, 44; 44, 56} */
  ck_assert_double_eq_tol(values[0] + values[1], 91, 1e-9);
  ck_assert_double_eq_tol(values[0] * values[1], 24, 1e-9);
}
END_TEST

/* Points in a plane of five dimensions keep their distances; its axes are ordered by their variance. */
START_TEST(a_plane_is_projected_to_itself) {
  struct lapack lapack = opened();
  enum { POINTS = 7, WIDTH = 5 };
  struct hrm_error error;
  struct projection p;
  float rows[POINTS * WIDTH];
  for (int i = 0; i < POINTS; i++)
    for (int k = 0; k < WIDTH; k++) rows[i * WIDTH + k] = (float)(100 + 3 * i * (k == 1) + (i * i % 4) * (k == 3));
  ck_assert(principal_components(&lapack, rows, POINTS, WIDTH, &p, &error));
  for (int i = 0; i < POINTS; i++)
    for (int k = 0; k < i; k++)
      ck_assert_double_eq_tol(hypot(p.points[2 * i] - p.points[2 * k], p.points[2 * i + 1] - p.points[2 * k + 1]),
                              hypot(3 * (i - k), i * i % 4 - k * k % 4), 1e-6);
  ck_assert_double_gt(p.share[0], p.share[1]);
  ck_assert_double_eq_tol(p.share[0] + p.share[1], 1, 1e-9);
  projection_free(&p);
}
END_TEST

START_TEST(one_point_has_no_direction) {
  struct lapack lapack = opened();
  struct hrm_error error;
  struct projection p;
  const float row[2] = {3, 4};
  ck_assert(principal_components(&lapack, row, 1, 2, &p, &error));
  ck_assert_double_eq(p.points[0], 0);
  ck_assert_double_eq(p.share[0], 0);
  projection_free(&p);
}
END_TEST

START_TEST(participation_counts_dimensions) {
  const double equal[4] = {2, 2, 2, 2}, one[3] = {0, 0, 7}, none[2] = {0, -1e-18}, mixed[2] = {1, 3};
  ck_assert_double_eq_tol(participation_ratio(equal, 4), 4, 1e-12);
  ck_assert_double_eq_tol(participation_ratio(one, 3), 1, 1e-12);
  ck_assert_double_eq(participation_ratio(none, 2), 0);
  ck_assert_double_eq_tol(participation_ratio(mixed, 2), 1.6, 1e-12);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("principal");
  TCase *cases = suite_case(suite, "components", NULL, NULL);
  tcase_add_test(cases, eigenvalues_of_a_symmetric_matrix);
  tcase_add_test(cases, products_stand_where_eigen_reads);
  tcase_add_test(cases, a_plane_is_projected_to_itself);
  tcase_add_test(cases, one_point_has_no_direction);
  tcase_add_test(cases, participation_counts_dimensions);
  return suite_run(suite);
}

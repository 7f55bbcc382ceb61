/* The results of a comparison as a picture: boards that are exactly right against steps and, where several limits on
 * segments were evaluated, against the limit.  Names of variants have no character that XML minds. */
#include "runtime/comparison.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/atomic_file.h"

enum {
  WIDTH = 400,
  HEIGHT = 220,
  LEFT = 50,
  TOP = 34,
  PANEL = LEFT + WIDTH + 20,
  LEGEND = 190,
  LINE = 18,
  TICKS = 5
};

static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
static const char *const dashes[] = {"none", "6 4", "2 3", "8 3 2 3", "12 4", "1 5"};
enum { STYLES = sizeof colours / sizeof *colours };

struct panel {
  FILE *out;
  int left;
  double from, to; /* of the x axis */
  bool logarithmic;
};

static double place_x(const struct panel *p, double x) {
  double share = p->logarithmic ? log(x / p->from) / log(p->to / p->from) : (x - p->from) / (p->to - p->from);
  return p->left + LEFT + WIDTH * share;
}

static double place_y(double share) { return TOP + HEIGHT * (1 - share); }

static void write_x_tick(const struct panel *p, double x) {
  fprintf(p->out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n", place_x(p, x), TOP + HEIGHT + 16,
          x);
}

/* A title, lines at every 20%, and the name of the x axis. */
static void write_frame(const struct panel *p, const char *title, const char *across) {
  int middle = p->left + LEFT + WIDTH / 2;
  fprintf(p->out, "<text x=\"%d\" y=\"18\" font-weight=\"bold\" text-anchor=\"middle\">%s</text>\n", middle, title);
  for (int percent = 0; percent <= 100; percent += 20) {
    double y = place_y(percent / 100.0);
    fprintf(p->out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>", p->left + LEFT,
            p->left + LEFT + WIDTH, y, y);
    fprintf(p->out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d%%</text>\n", p->left + LEFT - 6, y + 4,
            percent);
  }
  fprintf(p->out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", middle, TOP + HEIGHT + 34, across);
}

/* A line through points; a faint one is that of a single seed. */
struct curve {
  int count, room;
  double *x, *y;
};

static void add_point(struct curve *c, double x, double y) {
  if (c->count == c->room) return;
  c->x[c->count] = x;
  c->y[c->count++] = y;
}

static void write_curve(const struct panel *p, const struct curve *c, int number, bool faint) {
  if (c->count == 0) return;
  fprintf(p->out,
          "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-opacity=\"%s\" stroke-dasharray=\"%s\" "
          "points=\"",
          colours[number % STYLES], faint ? "1" : "2", faint ? "0.35" : "1",
          faint ? "none" : dashes[number % STYLES]);
  for (int i = 0; i < c->count; i++)
    fprintf(p->out, "%s%.1f,%.1f", i ? " " : "", place_x(p, c->x[i]), place_y(c->y[i]));
  fputs("\"/>\n", p->out);
}

/* ---- against steps ---- */

/* The share of exact answers in a line of metrics, all sets together; negative: it is no evaluation. */
static double exact_of(const json_t *line) {
  double examples = 0, exact = 0;
  const char *name;
  json_t *set;
  json_object_foreach(json_object_get(line, "sets"), name, set) {
    double n = json_number_value(json_object_get(set, "examples"));
    examples += n;
    exact += n * json_number_value(json_object_get(set, "exact_accuracy"));
  }
  return examples > 0 ? exact / examples : -1;
}

/* Seeds are evaluated at the same steps: their mean is taken point by point. */
static void write_steps_of(const struct panel *p, const json_t *v, int number, struct curve *one,
                           struct curve *mean) {
  size_t i, k;
  const json_t *run, *line;
  int runs = 0;
  json_array_foreach(json_object_get(v, "runs"), i, run) {
    one->count = 0;
    json_array_foreach(json_object_get(run, "lines"), k, line) {
      double exact = exact_of(line);
      if (exact >= 0) add_point(one, json_number_value(json_object_get(line, "step")), exact);
    }
    if (json_object_get(run, "evaluations") == NULL || one->count == 0) continue;
    if (runs++ == 0) mean->count = 0;
    for (int j = 0; j < one->count; j++) {
      if (j == mean->count) add_point(mean, one->x[j], 0);
      mean->y[j] += one->y[j];
    }
    write_curve(p, one, number, true);
  }
  for (int j = 0; runs && j < mean->count; j++) mean->y[j] /= runs;
  if (runs) write_curve(p, mean, number, false);
}

static double most_steps(const json_t *variants) {
  size_t i;
  const json_t *v;
  double most = 1;
  json_array_foreach(variants, i, v) most = fmax(most, json_number_value(json_object_get(v, "steps")));
  return most;
}

static void write_steps(FILE *out, const json_t *variants, struct curve *one, struct curve *mean) {
  const struct panel p = {out, 0, 0, most_steps(variants), false};
  size_t i;
  const json_t *v;
  write_frame(&p, "exactly right, test split", "training steps");
  for (int tick = 0; tick <= TICKS; tick++) write_x_tick(&p, p.to * tick / TICKS);
  json_array_foreach(variants, i, v) write_steps_of(&p, v, (int)i, one, mean);
}

/* ---- against the limit on segments ---- */

static void find_limits(const json_t *variants, struct panel *p) {
  size_t i, k;
  const json_t *v, *e;
  json_array_foreach(variants, i, v) {
    json_array_foreach(json_object_get(v, "evaluations"), k, e) {
      double limit = json_number_value(json_object_get(e, "max_segments"));
      p->from = p->from > 0 ? fmin(p->from, limit) : limit;
      p->to = fmax(p->to, limit);
    }
  }
}

/* By rising limits, without early halting. */
static void limits_of(const json_t *v, struct curve *c) {
  size_t k;
  const json_t *e;
  c->count = 0;
  json_array_foreach(json_object_get(v, "evaluations"), k, e) {
    const json_t *exact = json_object_get(json_object_get(e, "exact"), "mean");
    if (!json_is_number(exact) || json_is_true(json_object_get(e, "halt"))) continue;
    double limit = json_number_value(json_object_get(e, "max_segments"));
    int at = c->count;
    add_point(c, limit, 0);
    for (; at > 0 && c->x[at - 1] > limit; at--) c->x[at] = c->x[at - 1], c->y[at] = c->y[at - 1];
    c->x[at] = limit, c->y[at] = json_number_value(exact);
  }
}

static void write_limits(struct panel *p, const json_t *variants, struct curve *c) {
  size_t i;
  const json_t *v;
  write_frame(p, "exactly right, test split", "segments at inference");
  for (double tick = p->from; tick <= p->to * 1.001; tick *= 2) write_x_tick(p, tick);
  json_array_foreach(variants, i, v) {
    limits_of(v, c);
    write_curve(p, c, (int)i, false);
  }
}

/* ---- the picture ---- */

static void write_legend(FILE *out, int left, const json_t *variants) {
  size_t i;
  const json_t *v;
  json_array_foreach(variants, i, v) {
    int y = TOP + LINE * (int)i;
    fprintf(
        out,
        "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"/>",
        left, left + 30, y, y, colours[i % STYLES], dashes[i % STYLES]);
    fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text>\n", left + 36, y + 4,
            json_string_value(json_object_get(v, "name")));
  }
}

/* Room for the longest name, letters being about 7 wide. */
static int legend_width(const json_t *variants) {
  size_t i, longest = 0;
  const json_t *v;
  json_array_foreach(variants, i, v) {
    size_t length = json_string_length(json_object_get(v, "name"));
    if (length > longest) longest = length;
  }
  return 50 + 7 * (int)longest;
}

static void write_picture(FILE *out, const json_t *results, struct curve *one, struct curve *mean) {
  const json_t *variants = json_object_get(results, "variants");
  struct panel limits = {.out = out, .left = PANEL, .logarithmic = true};
  find_limits(variants, &limits);
  bool two = limits.to > limits.from && limits.from > 0;
  int rows = TOP + HEIGHT + 44, legend = TOP + LINE * (int)json_array_size(variants),
      panels = two ? 2 * PANEL : PANEL;
  fprintf(out,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
          "font-size=\"12\">\n",
          panels + legend_width(variants), legend > rows ? legend : rows);
  fputs("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n", out);
  write_steps(out, variants, one, mean);
  if (two) write_limits(&limits, variants, one);
  write_legend(out, panels, variants);
  fputs("</svg>\n", out);
}

bool comparison_draw(const char *path, const json_t *results, struct hrm_error *error) {
  enum { ROOM = 100000 };
  struct curve one = {.room = ROOM, .x = calloc(ROOM, sizeof(double)), .y = calloc(ROOM, sizeof(double))};
  struct curve mean = {.room = ROOM, .x = calloc(ROOM, sizeof(double)), .y = calloc(ROOM, sizeof(double))};
  struct atomic_file file = {0};
  bool drawn = (one.x && one.y && mean.x && mean.y) || hrm_fail(error, HRM_SYSTEM, "out of memory");
  drawn = drawn && atomic_open(&file, path, error);
  if (drawn) {
    write_picture(file.stream, results, &one, &mean);
    drawn = atomic_commit(&file, error);
  }
  free(one.x);
  free(one.y);
  free(mean.x);
  free(mean.y);
  return drawn;
}

#include "tests/plan_example.h"

#include "compiler/graph_text.h"
#include "compiler/passes.h"
#include "compiler/planner.h"
#include "compiler/rebuild.h"
#include "tests/random_graph.h"

#include <check.h>

static struct graph *without_loss(const struct graph *g) {
  struct rebuild r = rebuild_new(g);
  for (int i = 0; i < g->top->count; i++)
    if (g->top->nodes[i]->op != OP_LOSS) rebuild_node(&r, g->top->nodes[i]);
  return r.to;
}

struct example example_of_graph(struct arena *a, const struct graph *g) {
  struct graph *batched = pass_batch(g);
  struct example x = {.forward = pass_simplify(without_loss(batched))};
  x.train = pass_simplify(pass_grad(pass_horizon(batched)));
  x.program = program_of_graphs(a, x.forward, x.train);
  struct machine machine = machine_generic();
  machine.vector_bytes = 64;
  x.plan = plan_program(a, x.program, &(struct program_graphs){x.forward, x.train, NULL}, &machine, EXAMPLE_TILE);
  return x;
}

struct example example_of(struct arena *a, const char *text) {
  const char *error = NULL;
  struct graph *g = graph_read(a, text, &error);
  ck_assert_msg(g != NULL, "%s", error);
  return example_of_graph(a, g);
}

static struct evaluate_input *inputs_of(struct arena *a, const struct program *p, int *count) {
  size_t most = (size_t)(p->weight_count + p->tensor_count);
  struct evaluate_input *inputs = arena_new_array(a, struct evaluate_input, most);
  *count = 0;
  for (int i = 0; i < p->weight_count + p->tensor_count; i++) {
    const struct symbol *s = i < p->weight_count ? p->weights[i]->symbol : p->tensors[i - p->weight_count].symbol;
    int64_t elements = type_elements(&s->type) * (i < p->weight_count ? 1 : EXAMPLE_TILE);
    double *values = random_values(a, 11, s, EXAMPLE_TILE);
    for (int64_t j = 0; j < elements; j++) values[j] = (float)values[j];
    inputs[(*count)++] = (struct evaluate_input){s->name, values};
  }
  return inputs;
}

double example_difference(struct arena *a, const struct example *x) {
  int count;
  struct evaluate_input *inputs = inputs_of(a, x->program, &count);
  return plan_difference(a, x->program, x->plan, x->forward, x->train, inputs, count);
}

struct example expect_right(struct arena *a, const char *text) {
  struct example x = example_of(a, text);
  double difference = example_difference(a, &x);
  ck_assert_msg(difference < 1e-4, "plan and evaluator differ by %g", difference);
  return x;
}

void expect_kernels(const struct function *f, int loops, int contractions, int copies) {
  ck_assert_int_eq(count_kernels(f, KERNEL_LOOP), loops);
  ck_assert_int_eq(count_kernels(f, KERNEL_CONTRACTION), contractions);
  ck_assert_int_eq(count_copies(f), copies);
}

const struct kernel *kernel_number(const struct function *f, int number) {
  ck_assert_int_lt(number, f->count);
  ck_assert_int_eq(f->steps[number].kind, STEP_KERNEL);
  return f->steps[number].kernel;
}

const char rms_norm_text[] = "graph norm\n"
                             "symbol input x f32[5, 12]\n"
                             "symbol input y f32[5, 12]\n"
                             "symbol output out f32[5, 12]\n"
                             "%0 = leaf x : f32[5, 12]\n"
                             "%1 = leaf y : f32[5, 12]\n"
                             "%2 = map.add %0, %1 : f32[5, 12]\n"
                             "%3 = map.mul %2, %2 : f32[5, 12]\n"
                             "%4 = reduce.sum {1} %3 : f32[5]\n"
                             "%5 = const 0.0625 : f32[]\n"
                             "%6 = broadcast {} %5 : f32[5]\n"
                             "%7 = map.mul %4, %6 : f32[5]\n"
                             "%8 = map.sqrt %7 : f32[5]\n"
                             "%9 = broadcast {0} %8 : f32[5, 12]\n"
                             "%10 = map.div %2, %9 : f32[5, 12]\n"
                             "store out %10\n"
                             "end\n";

const char attention_text[] = "graph attention\n"
                              "symbol input x f32[5, 12]\n"
                              "symbol param qkv f32[36, 12]\n"
                              "symbol param out_proj f32[12, 12]\n"
                              "symbol output out f32[5, 12]\n"
                              "%0 = leaf x : f32[5, 12]\n"
                              "%1 = leaf qkv : f32[36, 12]\n"
                              "%2 = contract \"si,oi->so\" %0, %1 : f32[5, 36]\n"
                              "%3 = reshape %2 : f32[5, 3, 2, 6]\n"
                              "%4 = transpose {1, 2, 0, 3} %3 : f32[3, 2, 5, 6]\n"
                              "%5 = slice {axis 0, from 0, step 1} %4 : f32[1, 2, 5, 6]\n"
                              "%6 = reshape %5 : f32[2, 5, 6]\n"
                              "%7 = slice {axis 0, from 1, step 1} %4 : f32[1, 2, 5, 6]\n"
                              "%8 = reshape %7 : f32[2, 5, 6]\n"
                              "%9 = slice {axis 0, from 2, step 1} %4 : f32[1, 2, 5, 6]\n"
                              "%10 = reshape %9 : f32[2, 5, 6]\n"
                              "%11 = contract \"hik,hjk->hij\" %6, %8 : f32[2, 5, 5]\n"
                              "%12 = reduce.max {2} %11 : f32[2, 5]\n"
                              "%13 = detach %12 : f32[2, 5]\n"
                              "%14 = broadcast {0, 1} %13 : f32[2, 5, 5]\n"
                              "%15 = map.sub %11, %14 : f32[2, 5, 5]\n"
                              "%16 = map.exp %15 : f32[2, 5, 5]\n"
                              "%17 = reduce.sum {2} %16 : f32[2, 5]\n"
                              "%18 = broadcast {0, 1} %17 : f32[2, 5, 5]\n"
                              "%19 = map.div %16, %18 : f32[2, 5, 5]\n"
                              "%20 = contract \"hij,hjk->hik\" %19, %10 : f32[2, 5, 6]\n"
                              "%21 = transpose {1, 0, 2} %20 : f32[5, 2, 6]\n"
                              "%22 = reshape %21 : f32[5, 12]\n"
                              "%23 = leaf out_proj : f32[12, 12]\n"
                              "%24 = contract \"si,oi->so\" %22, %23 : f32[5, 12]\n"
                              "%25 = map.mul %24, %24 : f32[5, 12]\n"
                              "%26 = reduce.sum {0, 1} %25 : f32[]\n"
                              "loss %26\n"
                              "store out %24\n"
                              "end\n";

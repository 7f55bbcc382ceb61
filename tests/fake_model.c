#include "tests/fake_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Numbers of tensors and places of weights (in floats), as the description has them. */
enum {
  INPUTS,
  IDENTIFIERS,
  LABELS,
  COUNT,
  ROWS,
  ROWS_GRAD,
  RESET,
  LAST,
  LOGITS,
  PREDICTION,
  HALT,
  CONTINUE,
  LM_LOSS,
  HALT_LOSS,
  CONTINUE_LOSS,
  TARGET_CONTINUE,
  CORRECT,
  ACCURACY
};
enum { HEAD = 0, Q = 48, START = 64 };
enum { S = FAKE_LENGTH, V = FAKE_VOCABULARY };

const char hrm_model_description[] =
    "{\"format\": 2, \"model\": \"Fake\", \"hrmc\": \"0.1.0\", \"source\": \"# fake\\n\","
    " \"target\": {\"cpu\": \"x86-64\", \"features\": \"+sse4.1\"}, \"configs\": {\"width\": 6, \"kind\": \"fake\"},"
    " \"tile\": 3, \"weight_bytes\": 320, \"shared_bytes\": 64, \"local_bytes\": 0,"
    " \"arena_bytes\": {\"prepare\": 0, \"forward\": 64, \"train\": 64}, \"flops\": {\"forward\": 100, \"train\": "
    "300},"
    " \"weights\": ["
    "{\"path\": \"head.weight\", \"shape\": [6, 6], \"trained\": true, \"group\": 0, \"sparse\": false, \"offset\": "
    "0,"
    " \"init\": {\"kind\": \"trunc_normal\", \"scale\": 0.4}},"
    "{\"path\": \"q.bias\", \"shape\": [2], \"trained\": true, \"group\": 0, \"sparse\": false, \"offset\": 192,"
    " \"init\": {\"kind\": \"constant\", \"scale\": -0.5}},"
    "{\"path\": \"start\", \"shape\": [], \"trained\": false, \"group\": -1, \"sparse\": false, \"offset\": 256,"
    " \"init\": {\"kind\": \"normal\", \"scale\": 1}},"
    "{\"path\": \"puzzle_emb.weights\", \"shape\": [5, 6], \"trained\": true, \"group\": 1, \"sparse\": true,"
    " \"init\": {\"kind\": \"constant\", \"scale\": 0}}],"
    " \"groups\": [{\"optimizer\": \"adam_atan2\", \"lr\": 0.02, \"beta1\": 0.9, \"beta2\": 0.95, \"weight_decay\": "
    "0.01},"
    " {\"optimizer\": \"sign_sgd\", \"lr\": 0.001, \"weight_decay\": 0.1}],"
    " \"tensors\": ["
    "{\"name\": \"inputs\", \"role\": \"input\", \"dtype\": \"i32\", \"shape\": [16], \"bound\": 6},"
    "{\"name\": \"puzzle_identifiers\", \"role\": \"input\", \"dtype\": \"i32\", \"shape\": [], \"bound\": 5},"
    "{\"name\": \"labels\", \"role\": \"label\", \"dtype\": \"i32\", \"shape\": [16], \"bound\": 6},"
    "{\"name\": \"count\", \"role\": \"state\", \"dtype\": \"f32\", \"shape\": [1]},"
    "{\"name\": \"rows\", \"role\": \"rows\", \"dtype\": \"f32\", \"shape\": [6], \"table\": \"puzzle_emb.weights\","
    " \"index\": \"puzzle_identifiers\"},"
    "{\"name\": \"rows_grad\", \"role\": \"rows_grad\", \"dtype\": \"f32\", \"shape\": [6], \"of\": \"rows\"},"
    "{\"name\": \"reset\", \"role\": \"control\", \"dtype\": \"f32\", \"shape\": []},"
    "{\"name\": \"last\", \"role\": \"control\", \"dtype\": \"f32\", \"shape\": []},"
    "{\"name\": \"logits\", \"role\": \"output\", \"dtype\": \"f32\", \"shape\": [16, 6]},"
    "{\"name\": \"prediction\", \"role\": \"output\", \"dtype\": \"i32\", \"shape\": [16]},"
    "{\"name\": \"halt\", \"role\": \"output\", \"dtype\": \"f32\", \"shape\": []},"
    "{\"name\": \"continue\", \"role\": \"output\", \"dtype\": \"f32\", \"shape\": []},"
    "{\"name\": \"lm_loss\", \"role\": \"output\", \"dtype\": \"f32\", \"shape\": []},"
    "{\"name\": \"halt_loss\", \"role\": \"output\", \"dtype\": \"f32\", \"shape\": []},"
    "{\"name\": \"continue_loss\", \"role\": \"output\", \"dtype\": \"f32\", \"shape\": []},"
    "{\"name\": \"target_continue\", \"role\": \"output\", \"dtype\": \"f32\", \"shape\": []},"
    "{\"name\": \"correct\", \"role\": \"output\", \"dtype\": \"f32\", \"shape\": []},"
    "{\"name\": \"accuracy\", \"role\": \"output\", \"dtype\": \"f32\", \"shape\": []}],"
    " \"act\": {\"kind\": \"q_learning\", \"max_segments\": 4, \"exploration\": 0.1},"
    " \"train\": {\"batch\": 7, \"schedule\": {\"kind\": \"cosine\", \"warmup\": 5, \"floor\": 0.1}, \"ema\": 0.9,"
    " \"clip\": 0}}";

/* What one example of a tile is. */
struct view {
  const struct hrm_tile *tile;
  const float *weights;
  int64_t example;
};

static float *real(const struct view *v, int tensor, int64_t size) {
  return (float *)v->tile->tensors[tensor] + v->example * size;
}

static int32_t *whole(const struct view *v, int tensor, int64_t size) {
  return (int32_t *)v->tile->tensors[tensor] + v->example * size;
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

static float cross_entropy(float logit, float target) {
  return fmaxf(logit, 0) - logit * target + log1pf(expf(-fabsf(logit)));
}

/* Its weights are read where they lie. */
void hrm_model_pack(const struct hrm_tile *tile, int64_t weight, int64_t first, int64_t next) {
  (void)tile, (void)weight, (void)first, (void)next;
}

void hrm_model_prepare(const struct hrm_tile *tile) {
  if (tile->member == 0) *(float *)tile->shared += 1;
}

static void segment(const struct view *v) {
  float *count = real(v, COUNT, 1), *logits = real(v, LOGITS, S * V);
  const float *rows = real(v, ROWS, V);
  const int32_t *inputs = whole(v, INPUTS, S);
  *count = (*real(v, RESET, 1) != 0 ? v->weights[START] : *count) + 1;
  for (int s = 0; s < S; s++) {
    int best = 0;
    for (int k = 0; k < V; k++) {
      logits[s * V + k] = v->weights[HEAD + inputs[s] * V + k] + rows[k];
      if (logits[s * V + k] > logits[s * V + best]) best = k;
    }
    whole(v, PREDICTION, S)[s] = best;
  }
  float rise = getenv("FAKE_FALLING") ? -1 : 0.1f;
  *real(v, HALT, 1) = v->weights[Q] + rise * *count + 0.1f * (float)inputs[0];
  *real(v, CONTINUE, 1) = v->weights[Q + 1];
}

/* Adds the loss of one position and its gradient. */
static float position_loss(const struct view *v, int s, int label, float share) {
  const float *logits = real(v, LOGITS, S * V) + s * V;
  float sum = 0;
  for (int k = 0; k < V; k++) sum += expf(logits[k]);
  for (int k = 0; k < V; k++) {
    float g = share * (expf(logits[k]) / sum - (k == label));
    ((float *)v->tile->gradients)[HEAD + whole(v, INPUTS, S)[s] * V + k] += g;
    real(v, ROWS_GRAD, V)[k] += g;
  }
  return share * (logf(sum) - logits[label]);
}

static void losses(const struct view *v) {
  const int32_t *labels = whole(v, LABELS, S), *prediction = whole(v, PREDICTION, S);
  int labelled = 0, right = 0;
  for (int s = 0; s < S; s++) labelled += labels[s] >= 0, right += labels[s] >= 0 && labels[s] == prediction[s];
  memset(real(v, ROWS_GRAD, V), 0, V * sizeof(float));
  float loss = 0;
  for (int s = 0; s < S; s++) loss += labels[s] < 0 ? 0 : position_loss(v, s, labels[s], 1.0f / (float)labelled);
  float target = *real(v, LAST, 1) != 0 ? 0.25f : 0.75f, halt = *real(v, HALT, 1), go_on = *real(v, CONTINUE, 1);
  *real(v, LM_LOSS, 1) = loss;
  *real(v, CORRECT, 1) = right == labelled;
  *real(v, ACCURACY, 1) = labelled ? (float)right / (float)labelled : 1;
  *real(v, TARGET_CONTINUE, 1) = target;
  *real(v, HALT_LOSS, 1) = cross_entropy(halt, right == labelled);
  *real(v, CONTINUE_LOSS, 1) = cross_entropy(go_on, target);
  ((float *)v->tile->gradients)[Q] += 0.5f * (sigmoid(halt) - (float)(right == labelled));
  ((float *)v->tile->gradients)[Q + 1] += 0.5f * (sigmoid(go_on) - target);
}

static bool fault_is_due(const struct hrm_tile *tile, const char *kind) {
  const char *fault = getenv("FAKE_NAN");
  size_t length = strlen(kind);
  bool named = fault && strncmp(fault, kind, length) == 0 && fault[length] == ':';
  return named && *(const float *)tile->shared == (float)atoi(fault + length + 1);
}

static void doze(void) {
  const char *microseconds = getenv("FAKE_SLEEP");
  if (microseconds) usleep((useconds_t)atoi(microseconds));
}

void hrm_model_forward(const struct hrm_tile *tile) {
  if (tile->member > 0) return;
  doze();
  for (int64_t i = 0; i < tile->n; i++) segment(&(struct view){tile, tile->weights, i});
}

/* It makes no steps: its description has no "trace_steps". */
void hrm_model_trace(const struct hrm_tile *tile) { hrm_model_forward(tile); }

void hrm_model_train(const struct hrm_tile *tile) {
  if (tile->member > 0) return;
  doze();
  for (int64_t i = 0; i < tile->n; i++) {
    const struct view v = {tile, tile->weights, i};
    segment(&v);
    losses(&v);
  }
  if (fault_is_due(tile, "loss")) {
    *((float *)tile->tensors[LM_LOSS]) = *((float *)tile->tensors[LOGITS]) = *((float *)tile->tensors[COUNT]) = NAN;
  }
  if (fault_is_due(tile, "gradient")) ((float *)tile->gradients)[Q] = INFINITY;
}

const struct hrm_code fake_code = {hrm_model_description, hrm_model_pack,  hrm_model_prepare,
                                   hrm_model_forward,     hrm_model_train, hrm_model_trace};

bool fake_description(struct description *d, const char *changes, struct hrm_error *error) {
  json_t *json = json_loads(hrm_model_description, 0, NULL), *other = json_loads(changes ? changes : "{}", 0, NULL);
  json_object_update_recursive(json, other);
  char *text = json_dumps(json, 0);
  bool parsed = description_parse(d, text, error);
  free(text);
  json_decref(other);
  json_decref(json);
  return parsed;
}

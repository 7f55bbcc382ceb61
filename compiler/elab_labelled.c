#include "elab_notation.h"

#include <string.h>

/* Labels of frames in a contraction, behind those of indices. */
enum { FRAME_LABELS = MAX_INDICES };

void labelled_set_ids(struct labelled *x, const int8_t *ids, int count) { memcpy(x->id, ids, (size_t)count); }

uint32_t labelled_ids(const struct labelled *x) {
  uint32_t mask = 0;
  for (int k = 0; k < x->t.rank; k++) mask |= UINT32_C(1) << x->id[k];
  return mask;
}

int labelled_join(const struct labelled *items, int count, uint32_t without, int8_t *ids) {
  uint32_t seen = without;
  int n = 0;
  for (int i = 0; i < count; i++)
    for (int k = 0; k < items[i].t.rank; k++) seen |= UINT32_C(1) << items[i].id[k];
  seen &= ~without;
  for (int id = 0; id < MAX_INDICES; id++)
    if (seen >> id & 1) ids[n++] = (int8_t)id;
  return n;
}

bool labelled_fits(struct elab *e, const int8_t *ids, int count, uint32_t frames, struct span place) {
  struct dim dim[MAX_INDICES];
  for (int k = 0; k < count; k++) dim[k] = index_by_id(e, ids[k])->dim;
  return tensor_fits(e, frames, count, dim, place);
}

struct tensor_value labelled_reorder(struct elab *e, const struct labelled *x, const int8_t *ids, int count) {
  int lead = frames_rank(e, x->t.frames);
  int8_t axes[GRAPH_MAX_RANK], places[GRAPH_MAX_RANK];
  struct dim dim[GRAPH_MAX_RANK];
  int64_t extent[GRAPH_MAX_RANK];
  int own = 0;
  for (int i = 0; i < lead; i++) {
    axes[own] = places[own] = (int8_t)i;
    extent[own] = x->t.node->type.extent[i];
    own++;
  }
  for (int k = 0; k < count; k++) {
    dim[k] = index_by_id(e, ids[k])->dim;
    extent[lead + k] = dim[k].size;
    for (int j = 0; j < x->t.rank; j++)
      if (x->id[j] == ids[k]) {
        axes[own] = (int8_t)(lead + j);
        places[own++] = (int8_t)(lead + k);
      }
  }
  bool identity = true;
  for (int i = 0; i < own; i++) identity &= axes[i] == i;
  struct node *node = identity ? x->t.node : graph_transpose(e->graph, x->t.node, axes);
  if (own < lead + count) node = graph_broadcast(e->graph, node, places, lead + count, extent);
  return tensor_make(node, x->t.frames, count, dim);
}

struct labelled labelled_contract(struct elab *e, const struct labelled *x, uint32_t summed) {
  uint32_t frames = x[0].t.frames | x[1].t.frames;
  int8_t label[2][GRAPH_MAX_RANK], result[GRAPH_MAX_RANK], ids[MAX_INDICES];
  struct node *node[2];
  int n = 0, lead = frames_rank(e, frames), count = labelled_join(x, 2, summed, ids);
  for (int i = 0; i < 2; i++) {
    /* an operand keeps only its own frames, so that weights are never repeated */
    int own = 0, at = 0;
    for (int k = 0; k < e->frame_count; k++) {
      if (!(frames >> k & 1)) continue;
      for (int a = 0; a < e->frame[k].rank; a++, at++)
        if (x[i].t.frames >> k & 1) label[i][own++] = (int8_t)(FRAME_LABELS + at);
    }
    for (int k = 0; k < x[i].t.rank; k++) label[i][own++] = x[i].id[k];
    node[i] = x[i].t.node;
  }
  for (int i = 0; i < lead; i++) result[n++] = (int8_t)(FRAME_LABELS + i);
  struct labelled out = {0};
  for (int k = 0; k < count; k++) {
    result[n++] = ids[k];
    out.t.dim[k] = index_by_id(e, ids[k])->dim;
  }
  out.t.node = graph_contract_ids(e->graph, label[0], label[1], result, n, node[0], node[1]);
  out.t.frames = frames;
  out.t.rank = count;
  labelled_set_ids(&out, ids, count);
  return out;
}

void labelled_reduce(struct elab *e, struct labelled *x, enum reduction kind, uint32_t over) {
  uint32_t axes = 0;
  int lead = frames_rank(e, x->t.frames), n = 0;
  struct labelled out = {.t = x->t};
  for (int k = 0; k < x->t.rank; k++) {
    if (over >> x->id[k] & 1) {
      axes |= UINT32_C(1) << (lead + k);
      continue;
    }
    out.t.dim[n] = x->t.dim[k];
    out.id[n++] = x->id[k];
  }
  out.t.rank = n;
  if (axes) out.t.node = graph_reduce(e->graph, kind, axes, x->t.node);
  *x = out;
}

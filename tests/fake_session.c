#include "tests/fake_session.h"

#include "tests/fake_data.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char model[] = "import nn\n"
                            "config width = 4, steps = 2\n"
                            "config vocab_size, seq_len, num_puzzle_identifiers\n"
                            "fn twice(x: [N]) -> [N] { return x + x }\n"
                            "module Mixer(D) {\n"
                            "  down = nn.Linear(D, D, biased = true)\n"
                            "  fn (x: [D]) -> [D] { return x + tanh(down(twice(x))) }\n"
                            "}\n"
                            "model M {\n"
                            "  input inputs: int[seq_len] < vocab_size\n"
                            "  label labels: int[seq_len] < vocab_size\n"
                            "  table = nn.Embedding(vocab_size, width)\n"
                            "  mixer = Mixer(width)\n"
                            "  head = nn.Linear(width, vocab_size)\n"
                            "  q_head = nn.Linear(width, 2)\n"
                            "  state z: [seq_len, width] = fill(0.0, [seq_len, width])\n"
                            "  segment {\n"
                            "    repeat steps grad last 1 { z = mixer(z + table(inputs)) }\n"
                            "    output logits = head(z)\n"
                            "    output q = q_head(z[0])\n"
                            "  }\n"
                            "  loss nn.cross_entropy(logits, labels)\n"
                            "  act q_learning(halt = q[0], continue = q[1], max_segments = 3)\n"
                            "}\n"
                            "train {\n"
                            "  optimizer adamw(lr = 1e-2)\n"
                            "  batch 4\n"
                            "}\n";

bool fake_session_write(const char *folder, struct hrm_error *error) {
  char path[4096];
  snprintf(path, sizeof path, "%s/m.hrm", folder);
  FILE *file = fopen(path, "w");
  bool written = file && fputs(model, file) >= 0;
  if (file && fclose(file) != 0) written = false;
  if (!written) return hrm_fail(error, HRM_SYSTEM, "%s cannot be written", path);
  snprintf(path, sizeof path, "%s/data", folder);
  if (mkdir(path, 0700) != 0) return hrm_fail(error, HRM_SYSTEM, "%s cannot be made", path);
  return fake_data_write(path, 3, error);
}

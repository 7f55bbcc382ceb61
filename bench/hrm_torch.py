#!/usr/bin/python3
"""The Hierarchical Reasoning Model (arXiv:2506.21734) in plain PyTorch, as a measure for the compiled one.

    hrm_torch.py verify FOLDER...     compares with recorded runs (see bench/README.md)
    hrm_torch.py example FOLDER ...   makes what a run starts from, for `OUT replay` to record
    hrm_torch.py bench ...            times training steps, or a part of them, prints JSON

The model is that of models/hrm.hrm: attention, or with mlp_t a SwiGLU over the positions in its place.  Written for
PyTorch 1.13 on a CPU: weights are cast once a step, the gradient parts alone are recorded, the token embedding is
shared with the segment that gives the continue target, the optimiser works on one flat vector.
"""
import argparse
import json
import math
import os
import struct
import sys
import time

# What makes PyTorch on a CPU fast, read when the process starts: workers of OpenMP that do not spin while those of
# the BLAS work, and an allocator that keeps large blocks in place of mapping fresh pages for each.
ENVIRONMENT = {"OMP_WAIT_POLICY": "passive", "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
               "MALLOC_TRIM_THRESHOLD_": str(1 << 33)}
if __name__ == "__main__" and not ENVIRONMENT.keys() <= os.environ.keys():
    os.execve(sys.executable, [sys.executable, *sys.argv], {**ENVIRONMENT, **os.environ})

import torch
import torch.nn.functional as F

EPSILON = 1e-5
IGNORED = -100

DEFAULTS = {
    "H_cycles": 2, "L_cycles": 2, "H_layers": 4, "L_layers": 4, "hidden_size": 512, "expansion": 4.0, "num_heads": 8,
    "pos_encodings": "rope", "mlp_t": 0, "swiglu_multiple": 256, "puzzle_emb_ndim": None, "vocab_size": 11,
    "seq_len": 81, "num_puzzle_identifiers": 1, "halt_max_steps": 16, "halt_exploration_prob": 0.1,
    "loss_type": "stablemax", "batch_size": 64,
}


# --- safetensors ---

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
          "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8}


def read_safetensors(path):
    with open(path, "rb") as file:
        content = file.read()
    header_size, = struct.unpack_from("<Q", content)
    header = json.loads(content[8:8 + header_size])
    data = bytearray(content[8 + header_size:])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(data[begin:end], dtype=DTYPES[entry["dtype"]]) if end > begin else torch.empty(0)
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def write_safetensors(path, tensors):
    names = {dtype: name for name, dtype in DTYPES.items()}
    header, parts, offset = {}, [], 0
    for name, tensor in tensors.items():
        part = bytes(tensor.detach().reshape(-1).view(torch.uint8).tolist())
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(part)]}
        offset += len(part)
        parts.append(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


# --- the model ---

def complete(config):
    config = {**DEFAULTS, **config}
    if config["puzzle_emb_ndim"] is None:
        config["puzzle_emb_ndim"] = config["hidden_size"]
    config["prefix"] = -(-config["puzzle_emb_ndim"] // config["hidden_size"])
    config["positions"] = config["prefix"] + config["seq_len"]
    return config


def swiglu_width(width, config):
    multiple = config["swiglu_multiple"]
    return -(-round(config["expansion"] * width * 2 / 3) // multiple) * multiple


def weight_shapes(config):
    """Shapes by the published names; the puzzle table apart."""
    width, positions = config["hidden_size"], config["positions"]
    shapes = {"embed_tokens.embedding_weight": (config["vocab_size"], width)}
    if config["pos_encodings"] == "learned":
        shapes["embed_pos.embedding_weight"] = (positions, width)
    for level, layers in (("H_level", config["H_layers"]), ("L_level", config["L_layers"])):
        for layer in range(layers):
            block = f"{level}.layers.{layer}."
            if config["mlp_t"]:
                inner = swiglu_width(positions, config)
                shapes[block + "mlp_t.gate_up_proj.weight"] = (2 * inner, positions)
                shapes[block + "mlp_t.down_proj.weight"] = (positions, inner)
            else:
                shapes[block + "self_attn.qkv_proj.weight"] = (3 * width, width)
                shapes[block + "self_attn.o_proj.weight"] = (width, width)
            inner = swiglu_width(width, config)
            shapes[block + "mlp.gate_up_proj.weight"] = (2 * inner, width)
            shapes[block + "mlp.down_proj.weight"] = (width, inner)
    shapes["lm_head.weight"] = (config["vocab_size"], width)
    shapes["q_head.weight"] = (2, width)
    shapes["q_head.bias"] = (2,)
    return shapes


def initial_weights(config):
    """Plain normal numbers of the published deviations: timing does not depend on their tails."""
    weights = {}
    for name, shape in weight_shapes(config).items():
        std = 1 / math.sqrt(config["hidden_size"] if "embedding" in name else shape[-1])
        weights[name] = torch.randn(shape) * std
    weights["q_head.weight"].zero_()
    weights["q_head.bias"].fill_(-5)
    for name in ("H_init", "L_init"):
        weights[name] = torch.randn(config["hidden_size"])
    if config["puzzle_emb_ndim"] > 0:
        weights["puzzle_emb.weights"] = torch.zeros(config["num_puzzle_identifiers"], config["puzzle_emb_ndim"])
    return weights


def rms_norm(x, axis=-1):
    """In float32, whatever the type of x."""
    dtype = x.dtype
    x = x.float()
    return (x * torch.rsqrt(x.square().mean(axis, keepdim=True) + EPSILON)).to(dtype)


def swiglu(x, weights, name):
    gate, up = F.linear(x, weights[name + ".gate_up_proj.weight"]).chunk(2, -1)
    return F.linear(F.silu(gate) * up, weights[name + ".down_proj.weight"])


class HRM:
    def __init__(self, config, weights, dtype=torch.float32):
        self.config, self.dtype = config, dtype
        shapes = weight_shapes(config)
        for name, shape in shapes.items():
            if tuple(weights[name].shape) != tuple(shape):
                raise SystemExit(f"{name}: shape {list(weights[name].shape)}, the model needs {list(shape)}")
        sizes = [math.prod(shape) for shape in shapes.values()]
        self.flat = torch.cat([weights[name].float().reshape(-1) for name in shapes])
        self.flat_gradient = torch.zeros_like(self.flat)
        self.trained = {}
        for name, part, gradient in zip(shapes, self.flat.split(sizes), self.flat_gradient.split(sizes)):
            self.trained[name] = part.view(shapes[name]).requires_grad_()
            self.trained[name].grad = gradient.view(shapes[name])
        self.z_init = weights["H_init"].to(dtype), weights["L_init"].to(dtype)
        self.puzzles = weights["puzzle_emb.weights"].clone() if config["puzzle_emb_ndim"] > 0 else None
        self.rotation = self.make_rotation()

    def make_rotation(self):
        if self.config["pos_encodings"] != "rope":
            return None
        size = self.config["hidden_size"] // self.config["num_heads"]
        frequency = 10000.0 ** (-torch.arange(0, size, 2).float() / size)
        angle = torch.outer(torch.arange(self.config["positions"]).float(), frequency)
        angle = torch.cat((angle, angle), -1)
        return angle.cos().to(self.dtype), angle.sin().to(self.dtype)

    def cast(self):
        """The weights as the step uses them; q_head stays in float32."""
        return {name: weight if name.startswith("q_head") else weight.to(self.dtype)
                for name, weight in self.trained.items()}

    def embed(self, weights, tokens, rows):
        x = F.embedding(tokens, weights["embed_tokens.embedding_weight"])
        if rows is not None:
            width, prefix = self.config["hidden_size"], self.config["prefix"]
            rows = F.pad(rows, (0, prefix * width - rows.shape[1])).to(self.dtype)
            x = torch.cat((rows.view(-1, prefix, width), x), 1)
        if self.config["pos_encodings"] == "learned":
            x = math.sqrt(0.5) * (x + weights["embed_pos.embedding_weight"])
        return math.sqrt(self.config["hidden_size"]) * x

    def rotate(self, x):
        cos, sin = self.rotation
        a, b = x.chunk(2, -1)
        return x * cos + torch.cat((-b, a), -1) * sin

    def attention(self, x, weights, name):
        batch, positions, width = x.shape
        heads = self.config["num_heads"]
        qkv = F.linear(x, weights[name + ".qkv_proj.weight"]).view(batch, positions, 3, heads, width // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        if self.rotation:
            q, k = self.rotate(q), self.rotate(k)
        scores = (q * (width // heads) ** -0.5) @ k.transpose(-1, -2)
        mixed = F.softmax(scores.float(), -1).to(x.dtype) @ v
        return F.linear(mixed.transpose(1, 2).reshape(batch, positions, width), weights[name + ".o_proj.weight"])

    def block(self, x, weights, name):
        if self.config["mlp_t"]:  # the norm runs along the positions
            t = x.transpose(1, 2).contiguous()
            x = rms_norm(t + swiglu(t, weights, name + ".mlp_t")).transpose(1, 2).contiguous()
        else:
            x = rms_norm(x + self.attention(x, weights, name + ".self_attn"))
        return rms_norm(x + swiglu(x, weights, name + ".mlp"))

    def level(self, name, z, injection, weights):
        z = z + injection
        for layer in range(self.config[name[0] + "_layers"]):
            z = self.block(z, weights, f"{name}.layers.{layer}")
        return z

    def segment(self, weights, x, z_H, z_L):
        """All but the last update of each level is outside the gradient (the one-step gradient)."""
        H_cycles, L_cycles = self.config["H_cycles"], self.config["L_cycles"]
        with torch.no_grad():
            for cycle in range(H_cycles):
                last = cycle == H_cycles - 1
                for _ in range(L_cycles - last):
                    z_L = self.level("L_level", z_L, z_H + x, weights)
                if not last:
                    z_H = self.level("H_level", z_H, z_L, weights)
        z_L = self.level("L_level", z_L, z_H + x, weights)
        z_H = self.level("H_level", z_H, z_L, weights)
        logits = F.linear(z_H[:, self.config["prefix"]:], weights["lm_head.weight"])
        q = F.linear(z_H[:, 0].float(), weights["q_head.weight"], weights["q_head.bias"])
        return z_H.detach(), z_L.detach(), logits, q


# --- losses and optimisers ---

def log_stablemax(x):
    x = x.double()
    s = torch.where(x < 0, 1 / (1 - x.clamp(max=0)), x + 1)
    return torch.log(s / s.sum(-1, keepdim=True))


def cross_entropy(logits, labels, kind):
    """Per example, the mean over its labelled positions."""
    scored = labels != IGNORED
    log_p = log_stablemax(logits) if kind.startswith("stablemax") else F.log_softmax(logits.float(), -1)
    nll = -log_p.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return torch.where(scored, nll, nll.new_zeros(())).sum(-1) / scored.sum(-1).clamp(min=1)


class AdamAtan2:
    def __init__(self, model, lr, beta1, beta2, weight_decay):
        self.model, self.lr, self.betas, self.weight_decay = model, lr, (beta1, beta2), weight_decay
        self.m, self.v = torch.zeros_like(model.flat), torch.zeros_like(model.flat)
        self.steps = 0

    def step(self):
        p, g, (beta1, beta2) = self.model.flat, self.model.flat_gradient, self.betas
        self.steps += 1
        p.mul_(1 - self.lr * self.weight_decay)
        self.m.lerp_(g, 1 - beta1)
        self.v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        rms = self.v.sqrt().mul_(1 / math.sqrt(1 - beta2 ** self.steps))
        p.add_(torch.atan2(self.m, rms), alpha=-self.lr / (1 - beta1 ** self.steps))


class AdamW:
    def __init__(self, model, lr, beta1, beta2, weight_decay):
        model.flat.grad = model.flat_gradient
        self.optimizer = torch.optim.AdamW([model.flat], lr, (beta1, beta2), weight_decay=weight_decay)

    def step(self):
        self.optimizer.step()


def sign_sgd(table, identifiers, gradients, lr, weight_decay):
    """Gradients of slots with the same row are summed; only touched rows move."""
    rows, place = identifiers.unique(return_inverse=True)
    total = gradients.new_zeros(len(rows), gradients.shape[1]).index_add_(0, place, gradients)
    table[rows] = table[rows] * (1 - lr * weight_decay) - lr * total.sign()


# --- one training step ---

class Trainer:
    def __init__(self, model, optimizer, puzzle_lr, puzzle_weight_decay):
        self.model, self.optimizer = model, optimizer
        self.puzzle_lr, self.puzzle_weight_decay = puzzle_lr, puzzle_weight_decay
        config = model.config
        self.batch = config["batch_size"]
        shape = self.batch, config["positions"], config["hidden_size"]
        self.z_H, self.z_L = torch.zeros(shape, dtype=model.dtype), torch.zeros(shape, dtype=model.dtype)
        self.steps = torch.zeros(self.batch, dtype=torch.int32)
        self.halted = torch.ones(self.batch, dtype=torch.bool)
        self.data = None

    def refill(self, offered):
        """Slots whose example halted take the next one and start from the initial states."""
        if self.data is None:
            self.data = {name: tensor.clone() for name, tensor in offered.items()}
        for name, tensor in offered.items():
            mask = self.halted.view(-1, *[1] * (tensor.dim() - 1))
            self.data[name] = torch.where(mask, tensor, self.data[name])
        mask = self.halted.view(-1, 1, 1)
        self.z_H = torch.where(mask, self.model.z_init[0], self.z_H)
        self.z_L = torch.where(mask, self.model.z_init[1], self.z_L)
        self.steps = torch.where(self.halted, 0, self.steps) + 1

    def halt(self, q):
        config = self.model.config
        limit = config["halt_max_steps"]
        explore = torch.rand(self.batch) < config["halt_exploration_prob"]
        minimum = torch.where(explore, torch.randint(2, limit + 1, (self.batch,)), 1) if limit > 1 else 1
        return (self.steps >= limit) | ((q[:, 0] > q[:, 1]) & (self.steps >= minimum))

    def continue_target(self, weights, x):
        """The best value of the next segment; with one segment alone there is none, as published."""
        limit = self.model.config["halt_max_steps"]
        if limit == 1:
            return None
        next_q = self.model.segment(weights, x, self.z_H, self.z_L)[3]
        return torch.sigmoid(torch.where(self.steps >= limit, next_q[:, 0], next_q.max(-1).values))

    def step(self, offered):
        model = self.model
        self.refill(offered)
        rows = None
        if model.puzzles is not None:
            rows = model.puzzles[self.data["puzzle_identifiers"]].requires_grad_()
        weights = model.cast()
        x = model.embed(weights, self.data["inputs"], rows)
        self.z_H, self.z_L, logits, q = model.segment(weights, x, self.z_H, self.z_L)

        with torch.no_grad():
            labels = self.data["labels"]
            right = ((logits.argmax(-1) == labels) | (labels == IGNORED)).all(-1)
            self.halted = self.halt(q)
            target = self.continue_target(weights, x)

        lm_loss = cross_entropy(logits, labels, model.config["loss_type"]).sum()
        halt_loss = F.binary_cross_entropy_with_logits(q[:, 0], right.float(), reduction="sum")
        loss = lm_loss + 0.5 * halt_loss
        if target is not None:
            loss = loss + 0.5 * F.binary_cross_entropy_with_logits(q[:, 1], target, reduction="sum")
        model.flat_gradient.zero_()
        (loss / self.batch).backward()
        if rows is not None:
            sign_sgd(model.puzzles, self.data["puzzle_identifiers"], rows.grad, self.puzzle_lr,
                     self.puzzle_weight_decay)
        self.optimizer.step()
        return {"logits": logits.detach(), "q_halt_logits": q[:, 0].detach(), "q_continue_logits": q[:, 1].detach(),
                "target_q_continue": target, "loss": loss.detach(), "halted": self.halted, "steps": self.steps,
                "z_H": self.z_H, "z_L": self.z_L, "rows_gradient": None if rows is None else rows.grad}


def batch_of(tensors, k):
    return {name: tensors[name][k].long() for name in ("inputs", "labels", "puzzle_identifiers")}


# --- commands ---

def difference(got, expected):
    """Largest absolute difference, and relative to the largest expected value where that is above 1."""
    expected = expected.double().reshape(-1)
    worst = (got.double().reshape(-1) - expected).abs().max().item()
    return worst / max(1.0, expected.abs().max().item())


def recorded_settings(folder, tiny):
    """The settings of a recorded run of HRM, or of TRM (tiny), which has one level of layers."""
    try:
        with open(os.path.join(folder, "config.json")) as file:
            settings = json.load(file)
    except OSError as error:
        raise SystemExit(f"{error.filename}: {error.strerror}")
    if (settings["model"].get("H_layers") == 0) != tiny:
        model, script = ("HRM", "hrm_torch.py") if tiny else ("TRM", "trm_torch.py")
        raise SystemExit(f"{folder}: a run of {model}; it is compared by {script}")
    return settings


def verify_folder(folder, tolerance):
    settings = recorded_settings(folder, False)
    config = complete({**settings["model"], "loss_type": settings["loss"]})
    weights, batches, expected = (read_safetensors(os.path.join(folder, name + ".safetensors"))
                                  for name in ("weights", "batches", "expected"))
    model = HRM(config, weights)
    adam, puzzle = settings["optimizer"], settings["puzzle_emb_optimizer"]
    optimizer = AdamAtan2(model, adam["lr"], adam["beta1"], adam["beta2"], adam["weight_decay"])
    trainer = Trainer(model, optimizer, puzzle["lr"], puzzle["weight_decay"])

    worst = {"steps": 0.0, "gradients": 0.0, "final weights": 0.0}
    for k in range(settings["train_steps"]):
        got = trainer.step(batch_of(batches, k))
        for name in ("logits", "q_halt_logits", "q_continue_logits", "target_q_continue", "loss", "halted", "steps",
                     "z_H", "z_L"):
            if got[name] is not None:
                worst["steps"] = max(worst["steps"], difference(got[name], expected[f"step{k}.{name}"]))
        if k == 0:
            for name, weight in model.trained.items():
                worst["gradients"] = max(worst["gradients"], difference(weight.grad, expected["grad." + name]))
            if model.puzzles is not None:
                local = difference(got["rows_gradient"], expected["grad.puzzle_emb.local"])
                worst["gradients"] = max(worst["gradients"], local)
    for name, weight in model.trained.items():
        worst["final weights"] = max(worst["final weights"], difference(weight, expected["final." + name]))
    if model.puzzles is not None:
        table = difference(model.puzzles, expected["final.puzzle_emb.weights"])
        worst["final weights"] = max(worst["final weights"], table)

    agrees = all(value <= tolerance for value in worst.values())
    figures = ", ".join(f"{name} {value:.1e}" for name, value in worst.items())
    print(f"{folder}: {'agrees' if agrees else 'DIFFERS'}: {figures}")
    return agrees


def command_verify(arguments):
    results = [verify_folder(folder, arguments.tolerance) for folder in arguments.folders]
    sys.exit(0 if all(results) else 1)


def config_of(arguments):
    config = dict(DEFAULTS)
    for setting in arguments.define:
        name, _, value = setting.partition("=")
        if name not in DEFAULTS:
            raise SystemExit(f"unknown setting {name}; known: {', '.join(DEFAULTS)}")
        kind = type(DEFAULTS[name]) if DEFAULTS[name] is not None else int
        config[name] = kind(value)
    return complete(config)


def command_example(arguments):
    """Weights that are random wherever training could make them so, and batches with unlabelled positions."""
    config = {**config_of(arguments), "halt_exploration_prob": 0.0}
    torch.manual_seed(arguments.seed)
    weights = initial_weights(config)
    for name in ("q_head.weight", "puzzle_emb.weights"):
        if name in weights:
            weights[name].normal_(std=0.1)
    weights["q_head.bias"].zero_()
    shape = arguments.steps, config["batch_size"], config["seq_len"]
    labels = torch.randint(config["vocab_size"], shape, dtype=torch.int32)
    batches = {"inputs": torch.randint(config["vocab_size"], shape, dtype=torch.int32),
               "labels": torch.where(torch.rand(shape) < 0.2, torch.tensor(IGNORED, dtype=torch.int32), labels),
               "puzzle_identifiers": torch.randint(config["num_puzzle_identifiers"], shape[:2], dtype=torch.int32)}
    settings = {"model": config, "loss": config["loss_type"], "train_steps": arguments.steps,
                "optimizer": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.95, "weight_decay": 0.1},
                "puzzle_emb_optimizer": {"lr": 1e-2, "weight_decay": 0.1}}
    os.makedirs(arguments.folder, exist_ok=True)
    write_safetensors(os.path.join(arguments.folder, "weights.safetensors"), weights)
    write_safetensors(os.path.join(arguments.folder, "batches.safetensors"), batches)
    with open(os.path.join(arguments.folder, "config.json"), "w") as file:
        json.dump(settings, file, indent=1)


def work_of(trainer, kind):
    """What is timed, as a function of a batch.  Inference casts its weights once; the optimiser clears gradients, too."""
    model = trainer.model
    if kind == "train":
        return trainer.step
    if kind == "optimizer":
        return lambda offered: (trainer.optimizer.step(), model.flat_gradient.zero_())
    weights = {name: weight.detach() for name, weight in model.cast().items()}

    def infer(offered):
        with torch.no_grad():
            trainer.refill(offered)
            rows = None if model.puzzles is None else model.puzzles[trainer.data["puzzle_identifiers"]]
            x = model.embed(weights, trainer.data["inputs"], rows)
            trainer.z_H, trainer.z_L, _, _ = model.segment(weights, x, trainer.z_H, trainer.z_L)

    return infer


def command_bench(arguments):
    config = config_of(arguments)
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    model = HRM(config, initial_weights(config), getattr(torch, arguments.dtype))
    kind = {"adam_atan2": AdamAtan2, "adamw": AdamW}[arguments.optimizer]
    work = work_of(Trainer(model, kind(model, 1e-4, 0.9, 0.95, 1.0), 1e-4, 1.0), arguments.work)
    shape = config["batch_size"], config["seq_len"]
    batches = [{"inputs": torch.randint(config["vocab_size"], shape),
                "labels": torch.randint(config["vocab_size"], shape),
                "puzzle_identifiers": torch.randint(config["num_puzzle_identifiers"], shape[:1])} for _ in range(8)]
    for k in range(arguments.warmup):
        work(batches[k % len(batches)])
    seconds = []
    for k in range(arguments.repeats):
        begin = time.perf_counter()
        work(batches[k % len(batches)])
        seconds.append(time.perf_counter() - begin)
    median = sorted(seconds)[len(seconds) // 2]
    print(json.dumps({"seconds": seconds, "steps_per_second": 1 / median, "torch": torch.__version__,
                      "threads": arguments.threads, "dtype": arguments.dtype, "config": config}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)

    verify = commands.add_parser("verify", help="compare with recorded runs of the published code")
    verify.add_argument("folders", nargs="+")
    verify.add_argument("--tolerance", type=float, default=1e-4)
    verify.set_defaults(run=command_verify)

    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("-D", "--define", action="append", default=[], metavar="NAME=VALUE",
                        help="a setting of the model")

    example = commands.add_parser("example", parents=[shared], help="make a run's weights, batches and config.json")
    example.add_argument("folder")
    example.add_argument("--steps", type=int, default=4)
    example.add_argument("--seed", type=int, default=1)
    example.set_defaults(run=command_example)

    bench = commands.add_parser("bench", parents=[shared], help="time training steps, or a part of them")
    bench.add_argument("--work", choices=("train", "forward", "optimizer"), default="train",
                       help="a training step, a segment without training, or the optimiser alone")
    bench.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    bench.add_argument("--threads", type=int, default=os.cpu_count())
    bench.add_argument("--repeats", type=int, default=10)
    bench.add_argument("--warmup", type=int, default=3)
    bench.add_argument("--seed", type=int, default=1)
    bench.add_argument("--optimizer", choices=("adam_atan2", "adamw"), default="adam_atan2")
    bench.set_defaults(run=command_bench)

    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""The Tiny Recursive Model (arXiv:2510.04871) in plain PyTorch, as a second opinion on models/trm.hrm.

    trm_torch.py verify FOLDER...          compares with recorded runs
    trm_torch.py record FOLDER [-D …]      makes a run: config.json, weights, batches and what is expected of them

A folder has the form that tests/check_replay reads.  What TRM shares with HRM comes from hrm_torch.py.
"""
import argparse
import json
import os
import sys

import torch
import torch.nn.functional as F

import hrm_torch as hrm

SETTINGS = {"H_cycles": 3, "L_cycles": 2, "H_layers": 0, "L_layers": 2, "hidden_size": 32, "expansion": 4,
            "num_heads": 4, "pos_encodings": "none", "mlp_t": 1, "puzzle_emb_len": 3, "puzzle_emb_ndim": 32,
            "vocab_size": 6, "seq_len": 9, "num_puzzle_identifiers": 3, "halt_max_steps": 4, "batch_size": 5}


def complete(config):
    config = hrm.complete({**config, "H_layers": 0, "halt_exploration_prob": 0.0})
    config["prefix"] = config["puzzle_emb_len"] or config["prefix"]
    config["positions"] = config["prefix"] + config["seq_len"]
    return config


class TRM(hrm.HRM):
    def cycle(self, weights, x, z_H, z_L):
        for _ in range(self.config["L_cycles"]):
            z_L = self.level("L_level", z_L, z_H + x, weights)
        return self.level("L_level", z_H, z_L, weights), z_L

    def segment(self, weights, x, z_H, z_L):
        """One network in both roles; the whole of the last cycle is differentiated."""
        with torch.no_grad():
            for _ in range(self.config["H_cycles"] - 1):
                z_H, z_L = self.cycle(weights, x, z_H, z_L)
        z_H, z_L = self.cycle(weights, x, z_H, z_L)
        logits = F.linear(z_H[:, self.config["prefix"]:], weights["lm_head.weight"])
        q = F.linear(z_H[:, 0], weights["q_head.weight"], weights["q_head.bias"])
        return z_H.detach(), z_L.detach(), logits, q


class Trainer(hrm.Trainer):
    def step(self, offered):
        """Halts where the halt value is above 0; no continue loss."""
        model = self.model
        self.refill(offered)
        rows = model.puzzles[self.data["puzzle_identifiers"]].requires_grad_()
        weights = model.cast()
        x = model.embed(weights, self.data["inputs"], rows)
        self.z_H, self.z_L, logits, q = model.segment(weights, x, self.z_H, self.z_L)
        labels = self.data["labels"]
        right = ((logits.argmax(-1) == labels) | (labels == hrm.IGNORED)).all(-1)
        self.halted = (self.steps >= model.config["halt_max_steps"]) | (q[:, 0] > 0)
        lm_loss = hrm.cross_entropy(logits, labels, model.config["loss_type"]).sum()
        halt_loss = F.binary_cross_entropy_with_logits(q[:, 0], right.float(), reduction="sum")
        loss = lm_loss + 0.5 * halt_loss
        model.flat_gradient.zero_()
        (loss / self.batch).backward()
        hrm.sign_sgd(model.puzzles, self.data["puzzle_identifiers"], rows.grad, self.puzzle_lr,
                     self.puzzle_weight_decay)
        got = {"logits": logits, "q_halt_logits": q[:, 0], "q_continue_logits": q[:, 1], "loss": loss.view(1),
               "metric.lm_loss": lm_loss.view(1), "metric.q_halt_loss": halt_loss.view(1).double(),
               "halted": self.halted.int(), "steps": self.steps, "z_H": self.z_H, "z_L": self.z_L}
        return {name: tensor.detach() for name, tensor in got.items()}, rows.grad


def run(settings, weights, batches):
    """Every tensor of the run, by the names of the recorded ones."""
    config = complete({**settings["model"], "loss_type": settings["loss"]})
    model = TRM(config, weights)
    adam, puzzle = settings["optimizer"], settings["puzzle_emb_optimizer"]
    optimizer = hrm.AdamAtan2(model, adam["lr"], adam["beta1"], adam["beta2"], adam["weight_decay"])
    trainer = Trainer(model, optimizer, puzzle["lr"], puzzle["weight_decay"])
    expected = {}
    for k in range(settings["train_steps"]):
        got, rows_gradient = trainer.step(hrm.batch_of(batches, k))
        expected.update({f"step{k}.{name}": tensor.clone() for name, tensor in got.items()})
        if k == 0:
            expected.update({"grad." + name: weight.grad.clone() for name, weight in model.trained.items()})
            expected["grad.puzzle_emb.local"] = rows_gradient
        optimizer.step()
    expected.update({"final." + name: weight for name, weight in model.trained.items()})
    expected["final.puzzle_emb.weights"] = model.puzzles
    return expected


def read(folder, *names):
    return [hrm.read_safetensors(os.path.join(folder, name + ".safetensors")) for name in names]


def command_verify(arguments):
    agrees = True
    for folder in arguments.folders:
        settings = hrm.recorded_settings(folder, True)
        weights, batches, expected = read(folder, "weights", "batches", "expected")
        got = run(settings, weights, batches)
        worst = max((hrm.difference(got[name], expected[name]), name) for name in got)
        agrees &= worst[0] <= arguments.tolerance
        print(f"{folder}: at most {worst[0]:.1e}, {worst[1]}")
    sys.exit(0 if agrees else 1)


def command_record(arguments):
    chosen = dict(SETTINGS)
    for setting in arguments.define:
        name, _, value = setting.partition("=")
        chosen[name] = type(SETTINGS[name])(value)
    config = complete(chosen)
    torch.manual_seed(arguments.seed)
    weights = hrm.initial_weights(config)
    for name in ("q_head.weight", "puzzle_emb.weights"):
        weights[name].normal_(std=0.1)
    weights["q_head.bias"].zero_()
    shape = arguments.steps, config["batch_size"], config["seq_len"]
    batches = {"inputs": torch.randint(config["vocab_size"], shape, dtype=torch.int32),
               "labels": torch.randint(config["vocab_size"], shape, dtype=torch.int32),
               "puzzle_identifiers": torch.randint(config["num_puzzle_identifiers"], shape[:2], dtype=torch.int32)}
    settings = {"model": chosen, "loss": "stablemax", "train_steps": arguments.steps,
                "optimizer": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.95, "weight_decay": 0.1},
                "puzzle_emb_optimizer": {"lr": 1e-2, "weight_decay": 0.1}}
    os.makedirs(arguments.folder, exist_ok=True)
    tensors = {"weights": weights, "batches": batches, "expected": run(settings, weights, batches)}
    for name, value in tensors.items():
        hrm.write_safetensors(os.path.join(arguments.folder, name + ".safetensors"), value)
    with open(os.path.join(arguments.folder, "config.json"), "w") as file:
        json.dump(settings, file, indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    verify = commands.add_parser("verify", help="compare with recorded runs")
    verify.add_argument("folders", nargs="+")
    verify.add_argument("--tolerance", type=float, default=1e-4)
    verify.set_defaults(run=command_verify)
    record = commands.add_parser("record", help="make a run")
    record.add_argument("folder")
    record.add_argument("-D", "--define", action="append", default=[], metavar="NAME=VALUE")
    record.add_argument("--steps", type=int, default=6)
    record.add_argument("--seed", type=int, default=1)
    record.set_defaults(run=command_record)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()

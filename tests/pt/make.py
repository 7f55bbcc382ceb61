#!/usr/bin/env python3
"""Makes the files of this folder with PyTorch and NumPy, and expected.txt with what is in them.

make.py            writes everything anew; the files are kept, so that the tests need neither
make.py FOLDER     prints the lines for other files, as conformance.txt has them

A line is FILE NAME DTYPE SHAPE HASH for each tensor (FNV-1a of its row-major bytes), or FILE ! MESSAGE.
"""
import collections
import io
import os
import pickle
import struct
import sys
import zipfile

import numpy
import torch

folder = os.path.dirname(os.path.abspath(__file__))
names = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
lines = []


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return "%016x" % value


def contents(tensor):
    plain = tensor.detach().contiguous().reshape(-1).clone()
    return bytes(plain.storage().untyped().tolist()[: plain.numel() * plain.element_size()])


def note(file, name, dtype, shape, data):
    lines.append("%s %s %s [%s] %s" % (file, name, dtype, ", ".join(map(str, shape)), fnv(data)))


def walk(file, name, value):
    if torch.is_tensor(value):
        note(file, name or "tensor", names[value.dtype], value.shape, contents(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            walk(file, (name + "." if name else "") + str(key), inner)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            walk(file, (name + "." if name else "") + str(index), inner)


def model_of(value):
    """The rule of runtime/pt.h."""
    while isinstance(value, dict) and not any(torch.is_tensor(inner) for inner in value.values()):
        inner = [value[key] for key in ("state_dict", "model_state_dict", "model", "module", "weights")
                 if isinstance(value.get(key), dict)]
        if not inner:
            break
        value = inner[0]
    return value


def right(file, value, **how):
    torch.save(value, os.path.join(folder, file), **how)
    walk(file, "", model_of(value))


def wrong(file, data, message):
    with open(os.path.join(folder, file), "wb") as out:
        out.write(data)
    lines.append("%s ! %s" % (file, message))


# ---- What is right ----

def views():
    base = torch.arange(24, dtype=torch.float32) * 0.5 - 3
    square = base.reshape(4, 6)
    return collections.OrderedDict(
        whole=base, transposed=square.t(), column=square[:, 2], every_third=base[1::3], permuted=base.reshape(2, 3, 4).permute(2, 0, 1),
        stretched=base[5:6].expand(3, 4), last=base[23], shared=square[1:3], empty=torch.zeros(3, 0), tail=square[3:, 1:2].t())


def types():
    special = [0.0, -0.0, 1.0, -2.5, float("inf"), float("-inf"), float("nan"), 65504.0, 6e-8, 1e-3]
    tensors = {name: torch.tensor(special, dtype=dtype) for dtype, name in names.items() if dtype.is_floating_point}
    tensors.update({name: torch.tensor([0, 1, 100, -1 if dtype != torch.uint8 else 255]).to(dtype)
                    for dtype, name in names.items() if not dtype.is_floating_point})
    tensors["all_halves"] = torch.arange(-32768, 32768, 257).to(torch.int16).view(torch.float16)
    return tensors


def training():
    layer = torch.nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(6.0).reshape(2, 3))
        layer.bias.copy_(torch.tensor([0.25, -0.25]))
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {"epoch": 3, "optimizer": optimizer.state_dict(), "rng": torch.arange(4).to(torch.uint8).tolist(),
            "model": layer.state_dict(), "loss": 0.5, "name": "run", "nothing": None}


def nested():
    return {"blocks": [{"w": torch.ones(2)}, {"w": torch.zeros(2), 7: torch.tensor([1, 2])}], "note": "x",
            "pair": (torch.tensor(3.5), None)}


def make_right():
    torch.manual_seed(1)
    parameters = {"p": torch.nn.Parameter(torch.arange(4.0)), "size": torch.Size([2, 3]), "device": torch.device("cpu")}
    prefixed = {"_orig_mod.model.inner." + name: tensor for name, tensor in
                {"head.weight": torch.arange(36.0).reshape(6, 6) / 8, "q.bias": torch.tensor([0.5, -1.0]),
                 "start": torch.tensor(2.0), "puzzle_emb.weights": torch.arange(30.0).reshape(5, 6) / 4}.items()}
    for legacy in (False, True):
        form = "legacy" if legacy else "zip"
        for name, value in (("views", views()), ("types", types()), ("training", training()), ("nested", nested()),
                            ("parameters", parameters), ("bare", torch.arange(3)), ("prefixed", prefixed)):
            right("%s_%s.pt" % (name, form), value, _use_new_zipfile_serialization=not legacy)
    right("protocol4.pt", views(), pickle_protocol=4)
    right("protocol4_legacy.pt", views(), pickle_protocol=4, _use_new_zipfile_serialization=False)
    tables = dict(prefixed)
    tables["_orig_mod.model.inner.puzzle_emb.weights"] = torch.tensor([[1.0] * 6, [2.0] * 6, [6.0] * 6])
    right("table3.pt", tables)
    deflate("deflated.pt", "views_zip.pt")
    walk("deflated.pt", "", views())
    arrays = {"a": numpy.arange(6, dtype=numpy.float32).reshape(2, 3), "b": numpy.float64(0.1), "h": numpy.float16([1, 6e-8]),
              "i.j": numpy.arange(3, dtype=numpy.int64), "t": numpy.array([True, False])}
    for file, save in (("plain.npz", numpy.savez), ("compressed.npz", numpy.savez_compressed)):
        save(os.path.join(folder, file), **arrays)
        for name, array in arrays.items():
            array = numpy.asarray(array)
            dtype = {"f": "F", "i": "I", "b": "BOOL"}[array.dtype.kind]
            note(file, name, dtype if dtype == "BOOL" else dtype + str(array.itemsize * 8), array.shape, array.tobytes())


def deflate(file, source):
    with zipfile.ZipFile(os.path.join(folder, source)) as old, \
            zipfile.ZipFile(os.path.join(folder, file), "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, old.read(member))


# ---- What is wrong ----

FLOAT = b"ctorch\nFloatStorage\n"


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value):
    return b"\x8a" + struct.pack("<B", 9) + value.to_bytes(9, "little", signed=True) if abs(value) >= 1 << 63 else \
        b"\x8a\x08" + struct.pack("<q", value)


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(count=4, offset=0, shape=(4,), stride=(1,), storage=FLOAT, key="0"):
    return (b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + storage + text(key) + text("cpu") + number(count) +
            b"tQ" + number(offset) + numbers(shape) + numbers(stride) + b"\x89ccollections\nOrderedDict\n)RtR")


def pickled(value):
    return b"\x80\x02" + value + b"."


def one(value, name="x"):
    return pickled(b"}" + text(name) + value + b"s")


def archive(data, storages=None, order=b"little", compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as members:
        members.writestr(zipfile.ZipInfo("m/data.pkl"), data, compression)
        members.writestr(zipfile.ZipInfo("m/byteorder"), order)
        for key, value in (storages if storages is not None else {"0": bytes(16)}).items():
            info = zipfile.ZipInfo("m/data/" + key)
            info.compress_type = compression
            members.writestr(info, value)
    return out.getvalue()


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


def legacy_head():
    return (pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) +
            pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2))


def make_wrong():
    refused = "refused: the pickle "
    place = " at byte "
    wrong("evil.pt", archive(pickle.dumps({"x": Evil()}, 2)), refused + "names 'posix.system'" + place + "13;")
    wrong("evil_legacy.pt", legacy_head() + pickle.dumps(Evil(), 2), refused + "names 'posix.system'" + place)
    wrong("evil4.pt", archive(pickle.dumps(Evil(), 4)), refused + "names 'posix.system'" + place)
    wrong("evil_first.pt", pickle.dumps(Evil(), 2), refused + "names 'posix.system'" + place + "2;")
    wrong("builtin.pt", archive(pickled(b"c__builtin__\neval\n" + text("1") + b"\x85R")), "names '__builtin__.eval'")
    wrong("inst.pt", archive(pickled(b"(ios\nsystem\n")), refused + "has the opcode INST at byte 3")
    wrong("ext.pt", archive(pickled(b"\x82\x01")), refused + "has the opcode EXT1 at byte 2")
    wrong("obj.pt", archive(pickled(b"(ctorch\nSize\no")), refused + "has the opcode OBJ at byte 15")
    wrong("no_opcode.pt", archive(pickled(b"\xff")), "damaged pickle: no opcode at byte 2")
    wrong("protocol5.pt", archive(b"\x80\x05N."), "a pickle of protocol 5; 2 to 4 are read")
    wrong("underflow.pt", archive(pickled(b"R")), "nothing on the stack at byte 2")
    wrong("past_mark.pt", archive(pickled(b"N(\x85")), "nothing on the stack")
    wrong("no_mark.pt", archive(pickled(b"Nt")), "no mark")
    wrong("left_over.pt", archive(pickled(b"NN")), "values are left over")
    wrong("no_stop.pt", archive(b"\x80\x02N"), "cut short")
    wrong("long_text.pt", archive(b"\x80\x02X\xff\xff\xff\xff"), "cut short at byte 2")
    wrong("long_text8.pt", archive(b"\x80\x04\x8d" + b"\xff" * 8), "cut short at byte 2")
    wrong("memo.pt", archive(pickled(b"Nr\xff\xff\xff\xff")), "a memo of more than a million")
    wrong("no_memo.pt", archive(pickled(b"h\x05")), "nothing in the memo")
    wrong("call.pt", archive(pickled(b"N)R")), "a call of no class")
    wrong("half_item.pt", archive(pickled(b"}(Nu")), "a key without a value")
    wrong("persistent.pt", archive(pickled(b"NQ")), "something else than a storage outside the pickle")
    wrong("values.pt", archive(pickled(b"(" + b"N" * (1 << 21)), compression=zipfile.ZIP_DEFLATED), "more than a million values")
    wrong("opcodes.pt", archive(pickled(b"Nq\0(" + b"h\0" * (3 << 20)), compression=zipfile.ZIP_DEFLATED),
          "more than two million opcodes")
    wrong("no_tensors.pt", archive(pickled(b"}")), "it holds no tensors")
    wrong("huge.pt", archive(one(tensor(shape=(1 << 60,)))), "its shape is impossible")
    wrong("huge_product.pt", archive(one(tensor(shape=(1 << 31, 1 << 31), stride=(0, 0)))), "its shape is impossible")
    wrong("huge_storage.pt", archive(one(tensor(count=1 << 58, shape=(1 << 58,)))), "has 16 bytes in place of")
    wrong("long_size.pt", archive(one(tensor(shape=(1 << 70,)))), "its shape is impossible")
    wrong("stretched.pt", archive(one(tensor(shape=(1 << 40,), stride=(0,)))), "more than 64 MB and more than 100 times the file")
    wrong("negative.pt", archive(one(tensor(shape=(-4,)))), "its shape is impossible")
    wrong("negative_stride.pt", archive(one(tensor(offset=3, stride=(-1,)))), "tensor 'x': it reaches beyond its storage")
    wrong("negative_offset.pt", archive(one(tensor(offset=-1))), "it reaches beyond its storage")
    wrong("beyond.pt", archive(one(tensor(offset=1))), "it reaches beyond its storage")
    wrong("far_stride.pt", archive(one(tensor(shape=(3,), stride=((1 << 62) - 1,)))), "it reaches beyond its storage")
    wrong("axes.pt", archive(one(tensor(shape=(1,) * 9, stride=(1,) * 9))), "more than 8 axes")
    wrong("strides.pt", archive(one(tensor(stride=(1, 1)))), "its strides do not fit its shape")
    wrong("no_storage.pt", archive(one(tensor(key="7"))), "it has no storage '7'")
    wrong("outside.pt", archive(one(tensor(key="../data.pkl"))), "it has no storage '../data.pkl'")
    wrong("short_storage.pt", archive(one(tensor()), {"0": bytes(12)}), "storage '0' has 12 bytes in place of 16")
    wrong("two_types.pt", archive(pickled(b"(" + tensor() + tensor(storage=b"ctorch\nIntStorage\n") + b"t")),
          "storage '0' has two types or sizes")
    wrong("complex.pt", archive(one(tensor(storage=b"ctorch\nComplexFloatStorage\n"))), "names 'torch.ComplexFloatStorage'")
    wrong("big_endian.pt", archive(one(tensor()), order=b"big"), "its byte order is not 'little'")
    wrong("twice.pt", archive(pickled(b"}(" + text("a.b") + tensor() + text("a") + b"}" + text("b") + tensor() + b"su")),
          "two tensors are called 'a.b'")
    wrong("control.pt", archive(one(tensor(), "a\nb")), "a name has control characters")
    wrong("long_name.pt", archive(one(tensor(), "a" * 2000)), "longer than 1000 bytes")
    wrong("tuple_key.pt", archive(pickled(b"})" + tensor() + b"s")), "neither text nor a whole number")
    wrong("itself.pt", archive(pickled(b"]q\x00h\x00a")), "more than 64 dictionaries within each other")
    nest = b"]q\x00" + b"".join(b"](" + (b"h" + bytes([i])) * 9 + b"eq" + bytes([i + 1]) for i in range(12))
    wrong("laughs.pt", archive(pickled(b"(" + nest + b"t")), "more than 65536 tensors, dictionaries and lists")
    wrong("items.pt", archive(pickled(b"(]q\0(" + b"N" * 40000 + b"e" + b"h\0" * 40 + b"t")), "more than a million values")
    bomb = archive(one(tensor(count=20 << 20, shape=(20 << 20,))), {"0": bytes(80 << 20)}, compression=zipfile.ZIP_DEFLATED)
    wrong("bomb.pt", bomb, "more than 64 MB and more than 100 times the file")
    good = archive(one(tensor()))
    at = good.index(bytes(16))
    wrong("checksum.pt", good[:at] + b"\1" + good[at + 1:], "member 'm/data/0' cannot be read: CRC error")
    wrong("cut.pt", good[:-30], "damaged zip archive")
    wrong("other.zip", zipped({"readme.txt": b"x"}), "a zip archive with 'readme.txt': neither PyTorch's .pt nor NumPy's .npz")
    legacy = legacy_head() + pickled(tensor(storage=FLOAT).replace(b"tQ", b"NtQ")) + pickle.dumps(["0"], 2)
    data = struct.pack("<q", 4) + bytes(16)
    wrong("legacy_cut.pt", legacy + data[:-1], "cut short")
    wrong("legacy_size.pt", legacy + struct.pack("<q", 5) + bytes(20), "a storage of another size")
    wrong("legacy_keys.pt", legacy_head() + pickled(tensor()) + pickle.dumps([], 2), "a storage is missing")
    wrong("legacy_unknown.pt", legacy_head() + pickled(tensor()) + pickle.dumps(["1"], 2), "an unknown storage")
    wrong("legacy_magic.pt", pickle.dumps(7 << 40, 2), "no magic number")
    wrong("npz_object.npz", npz(numpy.array([{}], dtype=object)), "x.npy: arrays of Python objects are not supported")
    wrong("npz_fortran.npz", npz(numpy.asfortranarray(numpy.ones((2, 3)))), "x.npy: Fortran order is not supported")
    wrong("npz_huge.npz", zipped({"x.npy": huge_npy()}), "x.npy: cut short: the header promises more elements")
    wrong("empty.npz", zipped({}), "it holds no tensors")


def npz(array):
    out = io.BytesIO()
    numpy.savez(out, x=array)
    return out.getvalue()


def huge_npy():
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }\n" % (1 << 60)
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head.encode() + bytes(16)


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, data in members.items():
            new.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def main():
    if len(sys.argv) > 1:
        for file in sorted(os.listdir(sys.argv[1])):
            if file.endswith(".pt") and file != "broken.pt":
                walk(file, "", model_of(torch.load(os.path.join(sys.argv[1], file), map_location="cpu")))
        print("\n".join(lines))
        return
    for old in os.listdir(folder):
        if old.endswith((".pt", ".npz", ".zip")):
            os.remove(os.path.join(folder, old))
    make_right()
    make_wrong()
    with open(os.path.join(folder, "expected.txt"), "w") as out:
        out.write("\n".join(lines) + "\n")


main()

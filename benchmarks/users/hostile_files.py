"""Hostile files of weights, pipelines and pictures: what each costs, and whether one sentence refuses it.

python -m benchmarks.users.hostile_files     # writes results/hostile_files.json; about three minutes

Every file is opened in a process of its own under a limit of time and of memory. A file is refused well where the
process ends by itself with an error of the zoo; the peak of memory is beside that of a process that opens nothing.
"""

import argparse
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from zoo.records import write_record

SECONDS, BYTES = 60, 6 << 30
LIMIT = partial(resource.setrlimit, resource.RLIMIT_DATA, (BYTES, BYTES))
OPEN = {
    "weights": "read_all(file)",
    "pipeline": "zoo.load_pipeline(file).predict({'p': [1.0], 'q': [2.0]})",
    "picture": "zoo.preprocess(file, 'mobilenet.imagenet')",
    "nothing": "pass",
}
CHILD = """
import resource, sys
import zoo
from zoo.errors import ZooError
from zoo.weights.readers import opened

def read_all(file):
    with opened(file) as stored:
        return [array.read() for layer, role, array in stored.arrays()]

file = sys.argv[1]
try:
    {open}
    print("accepted")
except ZooError as error:
    print("refused:", error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def hdf5(path: Path, shape: tuple[int, ...]) -> None:
    """Keras' layout, with an array that is not there."""
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/conv2d/vars")
        group.attrs["name"] = "Conv1"
        group.create_dataset("0", shape=shape, dtype="f4", chunks=(1000, 1000))


def linked(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["layers"] = h5py.ExternalLink("/etc/passwd", "/")


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)


def pipeline(path: Path, *, units: int = 1, schema: bytes = b"{}") -> None:
    """A `.keras` pipeline with a dense layer of another size, or one whose schema is replaced."""
    dense = {"module": "keras.layers", "class_name": "Dense", "config": {"units": units}}
    first = {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 2]}}
    whole = {"name": "m", "layers": [first, dense], "build_input_shape": [None, 2]}
    model = {"module": "keras", "class_name": "Sequential", "config": whole}
    weights = path.with_suffix(".weights")
    with h5py.File(weights, "w") as file:
        file["layers/dense/vars/0"], file["layers/dense/vars/1"] = np.zeros((2, 1), "f4"), np.zeros(1, "f4")
    held = {"config.json": json.dumps(model).encode(), "model.weights.h5": weights.read_bytes(), "metadata.json": b"{}"}
    zipped(path, held | {"zoo_pipeline.json": schema}, zipfile.ZIP_STORED)


def png(path: Path, width: int, height: int) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1 << 24))) + chunk(b"IEND", b""))


AXES = json.dumps({"a.b": {"dtype": "F32", "shape": [2**40] * 99, "data_offsets": [0, 4]}}).encode()
BOMB = bytes(2**29)
WIDE = os.urandom(2**20).hex().encode() + b"[]," * 3 * 10**6
DEEP = b"[" * 10**6 + b"]" * 10**6
FILES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "no file": ("nothing", lambda path: None),
    "an array of terabytes.h5": ("weights", lambda path: hdf5(path, (10**6, 10**6))),
    "an external link.h5": ("weights", linked),
    "a pipe.h5": ("weights", os.mkfifo),
    "a header of terabytes.safetensors": ("weights", lambda path: path.write_bytes(bytes(7) + b"\x10" + b"{" * 99)),
    "a shape of many axes.safetensors": ("weights", lambda path: path.write_bytes(
        struct.pack("<Q", len(AXES)) + AXES + bytes(4))),
    "a zip bomb.keras": ("weights", lambda path: zipped(path, {"config.json": b"{}", "model.weights.h5": BOMB})),
    "a deep config.keras": ("weights", lambda path: zipped(path, {"config.json": DEEP, "model.weights.h5": b""})),
    "a pickle.pth": ("weights", lambda path: path.write_bytes(b"\x80\x04cos\nsystem\n(S'false'\ntR.")),
    "objects.npz": ("weights", lambda path: np.savez(path, **{"a.b": np.array([{}], dtype=object)})),
    "a shard elsewhere.json": ("weights", lambda path: path.write_text('{"weight_map": {"a": "../../etc/passwd"}}')),
    "a billion units.keras": ("pipeline", lambda path: pipeline(path, units=10**9)),
    "a deep schema.keras": ("pipeline", lambda path: pipeline(path, schema=DEEP)),
    "a wide schema.keras": ("pipeline", lambda path: pipeline(path, schema=WIDE)),
    "costs that are a list.keras": ("pipeline", lambda path: pipeline(path, schema=b'{"costs": []}')),
    "a pipe.keras": ("pipeline", os.mkfifo),
    "words.onnx": ("pipeline", lambda path: path.write_bytes(b"words" * 1000)),
    "pixels of terabytes.png": ("picture", lambda path: png(path, 10**6, 10**6)),
    "pixels that are missing.png": ("picture", lambda path: png(path, 9000, 9000)),
}  # fmt: skip


def tried(name: str, kind: str, folder: Path) -> dict[str, object]:
    start = time.perf_counter()
    try:
        command = [sys.executable, "-c", CHILD.format(open=OPEN[kind]), str(folder / name)]
        found = subprocess.run(command, timeout=SECONDS, capture_output=True, text=True, preexec_fn=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return {"kind": kind, "told": f"hangs for {SECONDS} seconds"}
    lines = found.stdout.strip().splitlines()
    told = lines[-2] if found.returncode == 0 and len(lines) > 1 else f"traceback, code {found.returncode}"
    megabytes = int(lines[-1]) if lines and lines[-1].isdigit() else None
    return {"kind": kind, "told": told.replace(f"{folder}/", ""), "seconds": round(time.perf_counter() - start, 1),
            "peak_megabytes": megabytes}  # fmt: skip


def main() -> None:
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (kind, write) in FILES.items():
            write(Path(folder) / name)
            figures[name] = tried(name, kind, Path(folder))
            print(name, figures[name], flush=True)
    record = {"limit_seconds": SECONDS, "limit_bytes": BYTES, "files": figures}
    write_record("results/hostile_files.json", record, command="python -m benchmarks.users.hostile_files", seed=None)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()

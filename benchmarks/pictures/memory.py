"""Peak memory of a training on a folder of large photos: 20,000 of one megapixel beside 1,000.

    python -m benchmarks.pictures.memory     # writes results/picture_memory.json; needs 1 GB of disk for some minutes

The photos are made: `DISTINCT` scenes of smooth colours, each in copies that differ by a comment in the file, so that
all files differ. Each number of photos is a process of its own, which trains a tiny network for one epoch by
`zoo.train`, with all that belongs to it (reading the folder, splits, report).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

import numpy as np

from zoo.records import write_record

COUNTS = (1_000, 20_000)
DISTINCT = 1_000
SIDE = 1_000  # pixels
CLASSES = ("dark", "light")
SIZE = 32  # pixels a side that the network sees
GOAL = 300  # MiB between the two


def scene(number: int) -> bytes:
    """A JPEG of one megapixel, light or dark as its class says."""
    from PIL import Image

    random = np.random.default_rng(number)
    middle = (80, 170)[number % len(CLASSES)]
    coarse = np.clip(middle + random.normal(0, 45, (7, 7, 3)), 0, 255).astype(np.uint8)
    content = BytesIO()
    Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BILINEAR).save(content, "JPEG", quality=75)
    return content.getvalue()


def fill(folder: Path, count: int) -> None:
    """`count` files in two folders; a comment behind the first marker tells copies of a scene apart."""
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    for number in range(min(DISTINCT, count)):
        content = scene(number)
        for copy in range(number, count, DISTINCT):
            text = f"photo {copy:06}".encode()
            comment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
            path = folder / CLASSES[number % len(CLASSES)] / f"{copy:06}.jpg"
            path.write_bytes(content[:2] + comment + content[2:])


def train(folder: str) -> None:
    """In a process of its own: prints what it took."""
    import zoo

    start, spent = time.perf_counter(), time.process_time()
    changes = {"epochs": 1, "batch_size": 64, "baselines": "none", "data_options": {"size": SIZE}}
    _, report = zoo.train("mnist_cnn_tiny", folder, folder=f"{folder}_run", **changes)
    found = {
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - spent,
        "accuracy": report.scores[0]["model"],
    }
    print(json.dumps(found))


def measured(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        fill(Path(scratch) / "photos", count)
        command = [sys.executable, "-m", "benchmarks.pictures.memory", "--folder", f"{scratch}/photos"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    print(count, found, flush=True)
    return {"photos": count, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", help="train on this folder, in this process")
    options = parser.parse_args()
    if options.folder:
        train(options.folder)
        return
    few, many = (measured(count) for count in COUNTS)
    more = many["peak_mib"] - few["peak_mib"]
    figures = {"megapixels": SIDE**2 / 1e6, "runs": [few, many], "more_mib": more, "goal_mib": GOAL}
    write_record("results/picture_memory.json", figures, command="python -m benchmarks.pictures.memory", seed=0)


if __name__ == "__main__":
    main()

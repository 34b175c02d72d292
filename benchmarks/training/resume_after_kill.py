"""Kill a training with -9 at random moments; each must end with the weights of an uninterrupted one, bit for bit.

python -m benchmarks.training.resume_after_kill [--kills 10]                # writes results/resume_after_kill.json
python -m benchmarks.training.resume_after_kill [--kills 10] --pictures  # ..._pictures.json

Of pictures that are decoded batch by batch and augmented, on TensorFlow and on JAX.
"""

import argparse
import os
import random
import tempfile
from pathlib import Path
from typing import Any

from tests.test_resume import EPOCHS, finish, kill_after
from zoo.records import write_record

BALANCES = ("static", "uncertainty", "gradnorm")
BACKENDS = ("tensorflow", "jax")


def kills_of(problems: tuple[str, ...], kills: int, seed: int) -> dict[str, Any]:
    """Kill `kills` trainings, of the problems in turns, and finish them."""
    chance = random.Random(seed)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        whole = {problem: finish(Path(scratch) / problem, problem) for problem in problems}
        for kill in range(kills):
            problem = problems[kill % len(problems)]
            folder = Path(scratch) / f"kill{kill}"
            lines, seconds = chance.randrange(EPOCHS - 1), chance.uniform(0.0, 0.3)
            killed = kill_after(folder, problem, lines, seconds)
            same = finish(folder, problem) == whole[problem]
            row = {"after_epochs": lines, "seconds": seconds, "killed": killed, "same_weights": same}
            rows.append({"balance": problem, **row} if len(problems) > 1 else row)
            print(rows[-1], flush=True)
    return {
        "kills": sum(row["killed"] for row in rows),
        "same_weights": sum(row["same_weights"] for row in rows if row["killed"]),
        "cases": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", action="store_true")
    arguments = parser.parse_args()
    command = f"python -m benchmarks.training.resume_after_kill --kills {arguments.kills}"
    if not arguments.pictures:
        figures = kills_of(BALANCES, arguments.kills, arguments.seed)
        write_record("results/resume_after_kill.json", figures, command=command, seed=arguments.seed)
        return
    found = {}
    for backend in BACKENDS:
        os.environ["KERAS_BACKEND"] = backend  # of the trainings, which are processes of their own
        found[backend] = kills_of(("pictures",), arguments.kills, arguments.seed)
        print(backend, found[backend]["same_weights"], "of", found[backend]["kills"], flush=True)
    write_record("results/resume_after_kill_pictures.json", found, command=f"{command} --pictures", seed=arguments.seed)


if __name__ == "__main__":
    main()

"""Kill a training with -9 at random moments; each must end with the weights of an uninterrupted one, bit for bit.

python -m benchmarks.resume_after_kill [--kills 10]     # writes results/resume_after_kill.json
"""

import argparse
import random
import tempfile
from pathlib import Path

from tests.test_resume import EPOCHS, finish, kill_after
from zoo.records import write_record

BALANCES = ("static", "uncertainty", "gradnorm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        whole = {balance: finish(Path(scratch) / balance, balance) for balance in BALANCES}
        for kill in range(arguments.kills):
            balance = BALANCES[kill % len(BALANCES)]
            folder = Path(scratch) / f"kill{kill}"
            lines, seconds = chance.randrange(EPOCHS - 1), chance.uniform(0.0, 0.3)
            killed = kill_after(folder, balance, lines, seconds)
            same = finish(folder, balance) == whole[balance]
            rows.append(
                {"balance": balance, "after_epochs": lines, "seconds": seconds, "killed": killed, "same_weights": same}
            )
            print(rows[-1], flush=True)
    figures = {
        "kills": sum(row["killed"] for row in rows),
        "same_weights": sum(row["same_weights"] for row in rows if row["killed"]),
        "cases": rows,
    }
    command = f"python -m benchmarks.resume_after_kill --kills {arguments.kills}"
    write_record("results/resume_after_kill.json", figures, command=command, seed=arguments.seed)


if __name__ == "__main__":
    main()

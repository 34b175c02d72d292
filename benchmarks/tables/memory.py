"""Peak memory and time of a large CSV file: encoded in parts, read into compact columns, and by pandas alone.

python -m benchmarks.tables.memory     # writes results/table_memory.json; needs 3 GB of disk for a minute or two
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from zoo.records import write_record

SIZES_MIB = (512, 2048)
BLOCK_ROWS = 100_000
WAYS = ("scan", "read", "pandas")


def write_csv(path: Path, mebibytes: int) -> int:
    """Six numbers, a flag, a town, a date and a target a row; gives the number of rows."""
    import pandas as pd

    random = np.random.default_rng(0)
    towns = [f"town number {number}" for number in range(1000)]
    block = pd.DataFrame(
        {
            **{f"x{place}": random.normal(size=BLOCK_ROWS).round(6) for place in range(6)},
            "flag": random.choice(["yes", "no"], BLOCK_ROWS),
            "town": random.choice(towns, BLOCK_ROWS),
            "day": pd.to_datetime("2013-01-01") + pd.to_timedelta(random.integers(0, 900, BLOCK_ROWS), "D"),
            "y": random.integers(0, 1000, BLOCK_ROWS),
        }
    ).to_csv(index=False)
    header, _, body = block.partition("\n")
    times = -(-mebibytes * 2**20 // len(body))
    with open(path, "w", encoding="utf-8") as file:
        file.write(header + "\n")
        for _ in range(times):
            file.write(body)
    return times * BLOCK_ROWS


def measure(path: Path, way: str) -> None:
    """Print rows, seconds and peak MiB of one way, in a process of its own."""
    import pandas as pd

    from zoo.columns import Schema, read_table, scan_table

    start = time.perf_counter()
    if way == "scan":
        schema, rows = None, 0
        for part in scan_table(path):
            schema = schema or Schema.fit(part, {"y": "regression"})
            rows += len(schema.encode(part))
    else:
        rows = len(read_table(path) if way == "read" else pd.read_csv(path, parse_dates=["day"]))
    seconds = time.perf_counter() - start
    print(rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    if len(sys.argv) == 3:
        measure(Path(sys.argv[1]), sys.argv[2])
        return
    figures = {}
    for size in SIZES_MIB:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "large.csv"
            rows = write_csv(path, size)
            row = {"file_mib": path.stat().st_size / 2**20, "rows": rows}
            for way in WAYS:
                command = [sys.executable, "-m", "benchmarks.tables.memory", str(path), way]
                found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                if int(found[0]) != rows:
                    raise SystemExit(f"{way} found {found[0]} rows of {rows}.")
                row |= {f"{way}_seconds": float(found[1]), f"{way}_peak_mib": float(found[2])}
            figures[f"{size}_mib"] = row
            print(size, row)
    write_record("results/table_memory.json", figures, command="python -m benchmarks.tables.memory", seed=0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measured", nargs="*", help=argparse.SUPPRESS)  # for the process that is measured
    parser.parse_args()
    main()

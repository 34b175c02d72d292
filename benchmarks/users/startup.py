"""How long the command line takes to start, and what `import zoo` imports.

python -m benchmarks.users.startup     # writes results/startup.json
"""

import argparse
import statistics
import subprocess
import sys
import time

from zoo.records import write_record

ROUNDS = 11
FRAMEWORKS = ("keras", "tensorflow", "jax", "torch", "numpy", "h5py", "matplotlib", "sklearn")


def seconds(*command: str) -> list[float]:
    """Wall time of every round, after one that fills the disk cache."""
    found = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - start)
    return found[1:]


def main() -> None:
    script = f"import zoo, sys; print([name for name in {FRAMEWORKS} if name in sys.modules])"
    imported = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    listing = seconds(sys.executable, "-m", "zoo", "list")
    bare = seconds(sys.executable, "-c", "pass")
    figures = {
        "zoo_list_seconds_median": statistics.median(listing),
        "zoo_list_seconds": listing,
        "bare_python_seconds_median": statistics.median(bare),
        "frameworks_imported_by_import_zoo": imported.strip(),
    }
    print(figures)
    write_record("results/startup.json", figures, command="python -m benchmarks.users.startup", seed=None)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()

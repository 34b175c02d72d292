"""Train drawn models of every kind and try what must hold for each (`tests.model_fuzz`), under the backend in use.

python -m benchmarks.training.fit_fuzz --cases 300 [--seed 0] [--reduce]     # writes results/fit_fuzz_BACKEND.json

A case holds, or is refused in a sentence, or fails; `--reduce` looks for a simpler case that fails in the same way.
"unrepeatable" counts the cases among those held in which the backend itself ends with other bits each time, so that a
resumed run could be compared by its metrics only.
"""

import argparse
import gc
import tempfile
import time
from collections import Counter
from pathlib import Path

import keras

from tests.model_building import Unfit
from tests.model_cases import Case, code, reduced
from tests.model_fuzz import Outcome, check
from tests.model_strategy import drawn
from zoo.records import write_record

MOST_REFUSED = 1 / 3  # of the cases; above, little is tried


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reduce", action="store_true")
    arguments = parser.parse_args()
    backend = keras.backend.backend()
    held, unrepeatable, tried, begun = 0, 0, 0, time.perf_counter()
    refused: Counter[str] = Counter()
    mistakes: Counter[str] = Counter()
    failures: list[dict[str, str]] = []
    cases = drawn(arguments.seed, several_steps=backend != "torch")
    while tried < arguments.cases:
        case = next(cases)
        try:
            outcome = tried_on(case)
        except Unfit:
            continue
        tried += 1
        held += not (outcome.failures or outcome.refused)
        unrepeatable += outcome.unrepeatable
        if outcome.refused and not outcome.failures:
            (mistakes if case.wrong else refused)[outcome.refused] += 1
        for statement, fault in outcome.failures:
            failures.append({"statement": statement, "fault": fault, "case": code(case)})
            if arguments.reduce:
                failures[-1]["reduced"] = code(
                    reduced(case, lambda each, known=(statement, fault): fails(each, *known))
                )
            print(tried, *failures[-1].values(), sep="\n  ", flush=True)
    figures = {
        "backend": backend,
        "cases": tried,
        "held": held,
        "unrepeatable": unrepeatable,
        "refused": refused.total(),
        "mistakes_refused": mistakes.total(),
        "failed": len({each["case"] for each in failures}),
        "seconds_a_case": (time.perf_counter() - begun) / tried,
        "refused_kinds": dict(refused.most_common()),
        "mistakes_refused_kinds": dict(mistakes.most_common()),
        "failures": failures,
    }
    print({key: value for key, value in figures.items() if key != "failures"})
    if refused.total() + mistakes.total() > MOST_REFUSED * tried:
        print("More than a third was refused: the drawn cases are too wild.")
    command = f"python -m benchmarks.training.fit_fuzz --cases {arguments.cases} --seed {arguments.seed}"
    write_record(f"results/fit_fuzz_{backend}.json", figures, command=command, seed=arguments.seed)


def tried_on(case: Case, statements: str = "ABCDEFG") -> Outcome:
    """The outcome of a case in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = check(case, Path(folder), statements)
    gc.collect()
    return outcome


def fails(case: Case, statement: str, fault: str) -> bool:
    """Whether a case breaks the same statement, by the same type of exception where there is one."""
    try:
        found = tried_on(case, statement).failures
    except Exception:  # noqa: BLE001 (a description that no model can be built from)
        return False
    return any(each == statement and kind(said) == kind(fault) for each, said in found)


def kind(fault: str) -> str:
    """The exception that a fault tells of, or "" for a plain sentence."""
    name = fault.split(":")[0]
    return name if name.isidentifier() else ""


if __name__ == "__main__":
    main()

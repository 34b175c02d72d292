"""One seed is a draw: the figures of several, and those of a seed kept on disk as soon as it has ended."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.files import read_json, write_json
from zoo.records import machine_facts, plain


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Each value, their mean and their standard deviation (0 of one value)."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {"each": list(map(float, values)), "mean": float(np.mean(values)), "deviation": deviation}


def spread_of(rows: Sequence[Any]) -> Any:
    """What several seeds found, nested alike: of a fraction its `spread`, of a sequence the one of each seed; a name or
    count that is equal in all of them once.

    >>> spread_of([{"rate": 0.25, "by": "Greek"}, {"rate": 0.75, "by": "Greek"}])
    {'rate': {'each': [0.25, 0.75], 'mean': 0.5, 'deviation': 0.3535533905932738}, 'by': 'Greek'}
    """
    first = rows[0]
    if isinstance(first, dict):
        return {name: spread_of([row[name] for row in rows]) for name in first}
    if isinstance(first, float):
        return spread(rows)
    return first if not isinstance(first, list) and all(row == first for row in rows) else list(rows)


def each_seed(seeds: Iterable[int], file: Callable[[int], Path], measure: Callable[[int], Any]) -> dict[int, Any]:
    """seed -> {"found": what `measure(seed)` gave, "seconds", "machine"}; read from its file where it stands there.

    A file is written whole when its seed has ended: what is interrupted begins again with the seed that it was in.
    """
    found = {}
    for seed in seeds:
        path = file(seed)
        if not path.exists():
            start = time.perf_counter()
            measured = measure(seed)
            seconds = time.perf_counter() - start
            write_json(path, plain({"found": measured, "seconds": seconds, "machine": machine_facts()}))
        found[seed] = read_json(path, "seed")
    return found

"""Files of posts as a user has them, and the splits that they become."""

import json
from pathlib import Path

from zoo.samples import Samples

GOOD = [
    {"text": f"hello number {i}", "age": 20 + i, "gender": "mf"[i % 2], "income": ["9k", "10k"][i // 2 % 2]}
    for i in range(20)
]


def jsonl(*rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def written(folder: Path, content: bytes, name: str = "posts.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def all_samples(data) -> list[Samples]:
    return [data.train, data.validation, data.test]

"""An artifact for tests, fetched into a folder of the test."""

import random

from tests.http_server import row
from zoo.artifacts import Artifact, fetch

CONTENT = random.Random(0).randbytes(300_000)
WRONG = CONTENT[:150_000] + bytes([CONTENT[150_000] ^ 1]) + CONTENT[150_001:]


def thing(*urls, content=CONTENT, **more):
    return Artifact(**row(content, *urls, **more))


def get(artifact, folder):
    return fetch(artifact, folder=folder, progress=False)


def only_hidden_files(folder):
    return [path.name for path in folder.iterdir() if path.name != ".zoo"] == []

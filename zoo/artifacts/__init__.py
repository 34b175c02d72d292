"""Name -> verified local file, for weights and data sets alike.

from zoo.artifacts import fetch, read_members
path = fetch("mnist.train-images")               # from the disk, else the mirror, else the official address
for name, content in read_members(fetch("babi"), "_train.txt"): ...
"""

from zoo.artifacts.archive import extract, read_members
from zoo.artifacts.fetching import can_be_fetched, fetch, is_here
from zoo.artifacts.folders import download_folder, tracked_folder
from zoo.artifacts.manifest import Artifact, artifact, artifacts, read_manifest
from zoo.artifacts.upkeep import Leftover, Status, prune, verify

__all__ = [
    "Artifact",
    "Leftover",
    "Status",
    "artifact",
    "artifacts",
    "can_be_fetched",
    "download_folder",
    "extract",
    "fetch",
    "is_here",
    "prune",
    "read_manifest",
    "read_members",
    "tracked_folder",
    "verify",
]

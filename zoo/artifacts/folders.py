"""Where files stand and where they may come from: the tracked folder, the download folders, the mirror, the switch.

Environment: ZOO_WEIGHTS and ZOO_DATA name the download folders, ZOO_MIRROR a folder or an HTTP base address that is
asked before the official addresses, ZOO_OFFLINE=1 forbids the network.
"""

import os
from pathlib import Path

from zoo.errors import ArtifactError, require_known

KINDS = ("weights", "data")
OVERRIDES = {"weights": "ZOO_WEIGHTS", "data": "ZOO_DATA"}
APPLICATION = "keras-functional-zoo"
PACKAGE_PARENT = Path(__file__).resolve().parents[2]  # the checkout's root, or site-packages


def checkout() -> Path | None:
    """The root of the checkout that this code runs from; None for an installed wheel."""
    return PACKAGE_PARENT if (PACKAGE_PARENT / "pyproject.toml").is_file() else None


def tracked_folder() -> Path:
    """The folder with the manifest, the model cards and our own small weights: `weights/` in a checkout.

    A wheel carries it as a data file: `share/keras-functional-zoo/weights` of the environment, which stands some
    levels above the package (`lib/python3.12/site-packages`, `Lib/site-packages`, or none with `pip --target`).
    """
    root = checkout()
    places = [root / "weights"] if root else []
    places += [folder / "share" / APPLICATION / "weights" for folder in (PACKAGE_PARENT, *PACKAGE_PARENT.parents)]
    for place in places:
        if (place / "manifest.json").is_file():
            return place
    raise ArtifactError(f"The zoo's manifest is not at {places[0] / 'manifest.json'}; install {APPLICATION} again.")


def download_folder(kind: str) -> Path:
    """Where files of `kind` ("weights" or "data") are kept: ZOO_WEIGHTS or ZOO_DATA, else the checkout's folder
    `weights/` or `data/`, else the user's cache folder. It need not exist yet."""
    require_known("kind of artifact", kind, KINDS)
    given = os.environ.get(OVERRIDES[kind])
    if given:
        return Path(given).expanduser().absolute()
    root = checkout()
    if root:
        return root / kind
    import platformdirs  # here, so that listing models stays fast

    return Path(platformdirs.user_cache_dir(APPLICATION, appauthor=False)) / kind


def mirror_base() -> str | None:
    """ZOO_MIRROR, a folder or an HTTP base address; None when unset."""
    return os.environ.get("ZOO_MIRROR") or None


def offline() -> bool:
    """Whether ZOO_OFFLINE forbids the network (a mirror that is a folder may still be read)."""
    return os.environ.get("ZOO_OFFLINE", "").strip().lower() not in ("", "0", "no", "false", "off")

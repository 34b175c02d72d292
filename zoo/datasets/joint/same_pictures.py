"""Pictures that rows of two splits share: what is learnt of one by heart is no skill on the other."""

import warnings
from collections.abc import Mapping, Sequence

import pandas as pd

from zoo.columns.frames import shown
from zoo.datasets.pictures.facts import Facts, clusters_of
from zoo.errors import DataWarning


def tell_same_pictures(
    train: pd.DataFrame, judged: pd.DataFrame, columns: Sequence[str], looks: Mapping[str, Facts]
) -> None:
    """Warn of rows to judge by whose picture, or a copy of it, stands in a row to train on.

    looks  path of a picture -> what is known of it.
    """
    picture = dict(zip(looks, clusters_of(list(looks.values())).tolist(), strict=True))
    seen = {picture[path] for name in columns for path in train[name] if path in picture}
    for name in columns:
        twice = [path for path in judged[name] if picture.get(path) in seen]
        if twice:
            warnings.warn(
                f"{len(twice):,} of the {len(judged):,} rows to validate and to test have a picture in {shown(name)} "
                f"that rows to train on have too, such as {twice[0]}: scores may be better than on new pictures. Files "
                "of the splits, given as 'validation' and 'test', keep them apart.",
                DataWarning,
                stacklevel=4,
            )

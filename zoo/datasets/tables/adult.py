"""Adult: does a person earn more than $50,000 a year? The census of the United States of 1994.

Becker and Kohavi 1996, https://archive.ics.uci.edu/ml/machine-learning-databases/adult/. Its labels carry the unequal
pay of 1994: errors are shown by sex and race.
"""

import io

import pandas as pd

from zoo.artifacts import fetch, read_members
from zoo.datasets.table import Table, split_rows
from zoo.samples import Target

ARTIFACT = "adult"
NUMBERS = ("age", "education_years", "capital_gain", "capital_loss", "hours_per_week")
COLUMNS = (
    "age",
    "workclass",
    "weight",  # how many people the row stands for: says nothing about the person
    "education",
    "education_years",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "country",
    "income",
)
LABELS = ("<=50K", ">50K")


def adult(*, seed: int = 0) -> Table:
    """All 48,842 people shared out 70:10:20 with equal shares of the rich; target "income"."""
    frames = [_read(content) for _, content in sorted(read_members(fetch(ARTIFACT)))]  # adult.data, adult.test
    frame = pd.concat(frames, ignore_index=True).drop(columns="weight")
    train, validation, test = split_rows(frame, seed=seed, strata=frame["income"].to_numpy())
    return Table(
        "adult",
        train,
        validation,
        test,
        targets={"income": Target("binary", LABELS)},
        groups=("sex", "race"),
        card={
            "source": "Becker and Kohavi 1996, UCI Adult",
            "licence": "CC BY 4.0",
            "split": "70:10:20, stratified by income; the official two files are read as one",
            "seed": seed,
        },
    )


def _read(content: bytes) -> pd.DataFrame:
    """One file: no header, "?" for what is missing; the second has a remark in front and full stops behind labels."""
    lines = "\n".join(line for line in content.decode("ascii").splitlines() if line and not line.startswith("|"))
    frame = pd.read_csv(io.StringIO(lines), names=list(COLUMNS), skipinitialspace=True, na_values="?")
    return frame.assign(income=frame["income"].str.removesuffix("."))

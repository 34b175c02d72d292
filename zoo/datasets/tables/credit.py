"""Give Me Some Credit: will a borrower be 90 days late with a payment within two years? 6.7 % are.

Kaggle 2011, https://www.kaggle.com/c/GiveMeSomeCredit; under the rules of the competition.
"""

import io

import pandas as pd

from zoo.artifacts import fetch, read_members
from zoo.datasets.table import Table, split_rows
from zoo.samples import Target

ARTIFACT = "credit"
COLUMNS = {
    "SeriousDlqin2yrs": "default",
    "RevolvingUtilizationOfUnsecuredLines": "utilisation",
    "age": "age",
    "NumberOfTime30-59DaysPastDueNotWorse": "late_30",
    "DebtRatio": "debt_ratio",
    "MonthlyIncome": "income",
    "NumberOfOpenCreditLinesAndLoans": "credit_lines",
    "NumberOfTimes90DaysLate": "late_90",
    "NumberRealEstateLoansOrLines": "mortgages",
    "NumberOfTime60-89DaysPastDueNotWorse": "late_60",
    "NumberOfDependents": "dependents",
}
LABELS = ("paid", "defaulted")


def credit(*, seed: int = 0) -> Table:
    """The 150,000 borrowers whose label is public, shared out 70:10:20 with equal shares of defaults."""
    ((_, content),) = read_members(fetch(ARTIFACT), ".csv")
    frame = pd.read_csv(io.BytesIO(content), usecols=list(COLUMNS)).rename(columns=COLUMNS)
    frame["default"] = frame["default"].map(dict(enumerate(LABELS)))
    train, validation, test = split_rows(frame, seed=seed, strata=frame["default"].to_numpy())
    return Table(
        "credit",
        train,
        validation,
        test,
        targets={"default": Target("binary", LABELS)},
        card={
            "source": "Kaggle, Give Me Some Credit, cs-training.csv",
            "licence": "Kaggle competition rules",
            "split": "70:10:20, stratified by the label",
            "seed": seed,
        },
    )

"""Rossmann: the daily sales of 1,115 drug stores in Germany, 2013 to 2015, with store, state, weather and search trend.

Kaggle 2015, https://www.kaggle.com/c/rossmann-store-sales; states, weather and trend as collected by Guo and Berkhahn,
"Entity Embeddings of Categorical Variables", 2016 (github.com/entron/entity-embedding-rossmann). The columns are those
of fast.ai's lesson 6 (v3), and what is known in advance of days on which a store is closed.
"""

import io
from collections.abc import Mapping

import pandas as pd

from zoo.artifacts import fetch, read_members
from zoo.columns import add_date_parts
from zoo.datasets.table import Table
from zoo.datasets.tables.rossmann_calendar import calendar_columns
from zoo.errors import ConfigError, DataError
from zoo.samples import Target

ARTIFACT = "rossmann"
TEST_DAY = "2015-06-19"  # fast.ai's split: six weeks and a day, as long as the competition's own test
VALIDATION_DAY = "2015-05-08"  # the six weeks before
STATES = {
    "BadenWuerttemberg": "BW",
    "Bayern": "BY",
    "Berlin": "BE",
    "Brandenburg": "BB",
    "Bremen": "HB",
    "Hamburg": "HH",
    "Hessen": "HE",
    "MecklenburgVorpommern": "MV",
    "Niedersachsen": "HB,NI",  # stores in Bremen and Lower Saxony cannot be told apart
    "NordrheinWestfalen": "NW",
    "RheinlandPfalz": "RP",
    "Saarland": "SL",
    "Sachsen": "SN",
    "SachsenAnhalt": "ST",
    "SchleswigHolstein": "SH",
    "Thueringen": "TH",
}
WEATHER = (
    "Max_TemperatureC",
    "Mean_TemperatureC",
    "Min_TemperatureC",
    "Max_Humidity",
    "Mean_Humidity",
    "Min_Humidity",
    "Max_Wind_SpeedKm_h",
    "Mean_Wind_SpeedKm_h",
    "CloudCover",
    "Events",
)
DATE_PARTS = ("Year", "Month", "Week", "Day", "Dayofweek")
MOST_MONTHS, MOST_WEEKS = 24, 25  # of a competitor, of the second promotion: later months and weeks are one


def rossmann(*, seed: int = 0, from_day: str = "2013-01-01") -> Table:
    """Open days with sales: training up to 2015-05-07, validation six weeks, test from 2015-06-19 to the end.

    Nothing about the sales or customers of a later day is in any row. Promotions, holidays and closed days of the
    future are: they are planned, and the competition's own test file gives them. Weather and search trend are those of
    the day itself, as in fast.ai's notebook, which a true forecast would not know six weeks ahead.

    The splits are the calendar's: `seed` changes nothing. `from_day` leaves out earlier days of training.
    """
    first_day = _day(from_day)
    frame = read_rossmann(dict(read_members(fetch(ARTIFACT), ".csv")))
    frame = frame[(frame["Sales"] > 0) & (frame["Date"] >= first_day)]
    days = frame.pop("Date")
    if not (days < VALIDATION_DAY).any():
        raise DataError(f"No day from {from_day} on lies before the validation, which begins on {VALIDATION_DAY}.")
    when = (days < VALIDATION_DAY, (days >= VALIDATION_DAY) & (days < TEST_DAY), days >= TEST_DAY)
    train, validation, test = (frame[rows].reset_index(drop=True) for rows in when)
    best = float(train["Sales"].max())
    return Table(
        "rossmann",
        train,
        validation,
        test,
        targets={"Sales": Target("regression", unit="€")},
        columns={
            "types": dict.fromkeys(_categories(frame), "category"),
            "log": ("Sales",),
            "ranges": {"Sales": (1.0, 1.2 * best)},  # Howard and Gugger, fast.ai lesson 6
        },
        groups=("StoreType",),
        card={
            "source": "Kaggle, Rossmann Store Sales; states, weather and trend by Guo and Berkhahn 2016",
            "licence": "Kaggle competition rules",
            "split": f"by date: validation from {VALIDATION_DAY}, test from {TEST_DAY}",
            "known_of_the_day": "plans (promotion, holidays, closed days); weather and search trend as they came",
            "from_day": from_day,
            "seed": seed,
        },
    )


def _day(text: str) -> pd.Timestamp:
    if isinstance(text, str):
        found = pd.to_datetime(text, errors="coerce", format="ISO8601")
        if found is not pd.NaT and found.tzinfo is None:
            return found
    raise ConfigError(f"'from_day' must be a day as in '2013-01-01'; received {text!r}.")


def read_rossmann(files: Mapping[str, bytes]) -> pd.DataFrame:
    """One row a store and day of train.csv, with all columns of the model, "Date" and "Sales"."""
    kinds = {"StateHoliday": str, "SchoolHoliday": "int8"}
    history = pd.read_csv(io.BytesIO(files["train.csv"]), dtype=kinds, parse_dates=["Date"])
    future = pd.read_csv(io.BytesIO(files["test.csv"]), dtype=kinds, parse_dates=["Date"])  # plans, without sales
    plans = pd.concat([history, future], ignore_index=True)
    frame = pd.concat([history, calendar_columns(plans).iloc[: len(history)]], axis="columns")
    frame = frame.drop(columns=["DayOfWeek", "Customers", "Open"])
    frame = frame.merge(read_stores(files), on="Store", how="left", validate="many_to_one")
    frame = frame.merge(read_weather(files), on=["State", "Date"], how="left", validate="many_to_one")
    frame = add_store_ages(add_trend(frame, files))
    parts = add_date_parts(frame[["Date"]], "Date")[list(DATE_PARTS)]
    return pd.concat([frame, parts], axis="columns")


def read_stores(files: Mapping[str, bytes]) -> pd.DataFrame:
    """One row a store: type, assortment, competitor, second promotion, state."""
    stores = pd.read_csv(io.BytesIO(files["store.csv"]))
    states = pd.read_csv(io.BytesIO(files["store_states.csv"]))
    return stores.merge(states, on="Store", how="left", validate="one_to_one")


def read_weather(files: Mapping[str, bytes]) -> pd.DataFrame:
    """One row a state and day."""
    parts = []
    for name, content in files.items():
        folder, _, place = name.removesuffix(".csv").rpartition("/")
        if folder.endswith("weather"):
            part = pd.read_csv(io.BytesIO(content), sep=";", parse_dates=["Date"])[["Date", *WEATHER]]
            parts.append(part.assign(State=STATES[place]))
    return pd.concat(parts, ignore_index=True)


def add_trend(frame: pd.DataFrame, files: Mapping[str, bytes]) -> pd.DataFrame:
    """`trend` of the state and `trend_DE` of the country: how often people searched in the week (from Sunday on)."""
    series = {}
    for name, content in files.items():
        folder, _, place = name.removesuffix(".csv").rpartition("/")
        if folder.endswith("googletrend"):
            weeks, counts = pd.read_csv(io.BytesIO(content)).to_numpy().T
            code = {"": "DE", "NI": "HB,NI"}.get(state := place.removeprefix("Rossmann_DE").strip("_"), state)
            series[code] = pd.Series(counts.astype("float32"), pd.to_datetime([week[:10] for week in weeks]))
    sunday = frame["Date"] - pd.to_timedelta((frame["Date"].dt.day_of_week + 1) % 7, unit="D")
    table = pd.DataFrame(series).rename_axis("sunday", axis=0).rename_axis("State", axis=1)
    local = table.drop(columns="DE").stack().rename("trend").reset_index()
    frame = frame.assign(sunday=sunday).merge(local, on=["sunday", "State"], how="left", validate="many_to_one")
    return frame.assign(trend_DE=frame["sunday"].map(table["DE"])).drop(columns="sunday")


def add_store_ages(frame: pd.DataFrame) -> pd.DataFrame:
    """Months that the competitor has been open, weeks of the second promotion; missing where there is none."""
    opened = pd.to_datetime(
        {"year": frame["CompetitionOpenSinceYear"], "month": frame["CompetitionOpenSinceMonth"], "day": 15}
    )
    week = frame["Promo2SinceYear"] * 100 + frame["Promo2SinceWeek"]
    started = pd.to_datetime(week.map(_first_day_of_week, na_action="ignore"))
    return frame.assign(
        CompetitionMonthsOpen=((frame["Date"] - opened).dt.days // 30).clip(0, MOST_MONTHS),
        Promo2Weeks=((frame["Date"] - started).dt.days // 7).clip(0, MOST_WEEKS),
    ).drop(columns=["CompetitionOpenSinceMonth", "Promo2SinceWeek", "Promo2"])


def _first_day_of_week(week: float) -> pd.Timestamp:
    """201531.0 -> the Monday of week 31 of 2015."""
    return pd.Timestamp.fromisocalendar(int(week) // 100, int(week) % 100, 1)


def _categories(frame: pd.DataFrame) -> list[str]:
    """Columns of few whole numbers, each with a meaning of its own, and all texts."""
    named = {
        "Store",
        "CompetitionMonthsOpen",
        "Promo2Weeks",
        "CompetitionOpenSinceYear",
        "Promo2SinceYear",
        *DATE_PARTS,
    }
    return [name for name in frame if name in named or name.endswith(("_before", "_ahead"))]

"""Store sales out of the competition's files, at the size of a page: joins, plans of the future, and no sales of it."""

import pandas as pd
import pytest

from zoo.datasets.tables.rossmann import STATES, WEATHER, read_rossmann

DAYS = pd.date_range("2015-07-01", "2015-07-20")
FUTURE = pd.date_range("2015-07-21", "2015-07-25")


def csv(frame: pd.DataFrame, sep: str = ",") -> bytes:
    return frame.to_csv(index=False, sep=sep).encode()


def plans(days, sales=None):
    """Two stores; a promotion from the 20th on, the second store closed on the 23rd."""
    rows = [(store, day) for store in (1, 2) for day in days]
    frame = pd.DataFrame(rows, columns=["Store", "Date"])
    frame["DayOfWeek"] = frame["Date"].dt.day_of_week + 1
    if sales is not None:
        frame["Sales"], frame["Customers"] = sales, sales // 10
    frame["Open"] = 1 - ((frame["Store"] == 2) & (frame["Date"] == "2015-07-23"))
    frame["Promo"] = (frame["Date"] >= "2015-07-20").astype(int)
    frame["StateHoliday"], frame["SchoolHoliday"] = "0", 0
    return frame


def files(sales=5000):
    stores = pd.DataFrame(
        {
            "Store": [1, 2],
            "StoreType": ["a", "b"],
            "Assortment": ["a", "c"],
            "CompetitionDistance": [100.0, None],
            "CompetitionOpenSinceMonth": [5, None],
            "CompetitionOpenSinceYear": [2015, None],
            "Promo2": [0, 1],
            "Promo2SinceWeek": [None, 27],
            "Promo2SinceYear": [None, 2015],
            "PromoInterval": [None, "Jan,Apr,Jul,Oct"],
        }
    )
    days = [*DAYS, *FUTURE]
    found = {
        "train.csv": csv(plans(DAYS, sales)),
        "test.csv": csv(plans(FUTURE).assign(Id=1)),
        "store.csv": csv(stores),
        "store_states.csv": b'Store,State\n1,BE\n2,"HB,NI"\n',
    }
    for number, place in enumerate(STATES):
        weather = pd.DataFrame({"Date": days} | dict.fromkeys(WEATHER, number))
        found[f"weather/{place}.csv"] = csv(weather, sep=";")
    for place, level in {"Rossmann_DE": 50, "Rossmann_DE_BE": 60, "Rossmann_DE_NI": 70}.items():
        weeks = [f"2015-{day} - x" for day in ("06-28", "07-05", "07-12", "07-19")]
        found[f"googletrend/{place}.csv"] = csv(
            pd.DataFrame({"Woche": weeks, "n": [level, level + 1, level + 2, level + 3]})
        )
    return found


@pytest.fixture(scope="module")
def frame():
    return read_rossmann(files())


def test_every_row_of_train_is_one_row_with_its_store_weather_and_trend(frame):
    assert len(frame) == 2 * len(DAYS)
    assert frame.notna().all()[["State", "Mean_TemperatureC", "trend", "trend_DE", "StoreType"]].all()
    berlin, north = frame[frame["Store"] == 1].iloc[0], frame[frame["Store"] == 2].iloc[0]
    assert (berlin["State"], north["State"]) == ("BE", "HB,NI")
    assert (berlin["Mean_TemperatureC"], north["Mean_TemperatureC"]) == (2, list(STATES).index("Niedersachsen"))


def test_a_week_of_the_search_trend_begins_on_sunday(frame):
    days = frame[frame["Store"] == 1].set_index("Date")
    assert days.loc["2015-07-04", ["trend", "trend_DE"]].tolist() == [60, 50]  # a Saturday
    assert days.loc["2015-07-05", ["trend", "trend_DE"]].tolist() == [61, 51]
    assert frame[frame["Store"] == 2]["trend"].iloc[0] == 70


def test_plans_of_the_competitions_test_days_count_for_the_days_before_them(frame):
    """The promotion goes on after the last day of train.csv, and a closed day is announced."""
    last = frame[frame["Date"] == "2015-07-20"].set_index("Store")
    assert last["Promo_ahead"].tolist() == [6, 6]
    assert last.loc[2, ["until_Closed", "Closed_ahead"]].tolist() == [3, 1]
    assert last.loc[1, ["until_Closed", "Closed_ahead"]].tolist() == [60, 0]


def test_no_column_depends_on_what_was_sold(frame):
    other = read_rossmann(files(sales=9999))
    changed = [column for column in frame if not frame[column].equals(other[column])]
    assert changed == ["Sales"]


def test_competition_and_second_promotion_are_counted_from_their_start(frame):
    first, second = (frame[frame["Store"] == store].set_index("Date") for store in (1, 2))
    assert first.loc["2015-07-20", "CompetitionMonthsOpen"] == 2  # since the middle of May
    assert second["CompetitionMonthsOpen"].isna().all()
    assert first["Promo2Weeks"].isna().all()
    assert second.loc[["2015-07-05", "2015-07-06"], "Promo2Weeks"].tolist() == [0, 1]  # week 27 began on 29 June

"""Tables: rows of every source, split without a leak, with limits that are known where the rows are generated."""

import numpy as np
import pandas as pd
import pytest

from zoo.datasets.table import Table
from zoo.datasets.tables.membership import COLUMNS, FLAGS, PLATFORMS, TARGET, bayes_accuracy, chance
from zoo.datasets.tables.rossmann_calendar import calendar_columns, looking_back
from zoo.errors import ArtifactError, ConfigError, DataError, UnknownNameError
from zoo.samples import Target
from zoo.tasks import list_datasets, load_dataset, load_table

GENERATED = ("plane", "older_than_five", "membership")
SPLITS = ("train", "validation", "test")


def mirrored(name, **options) -> Table:
    """A real table, or a skip that says what is missing."""
    try:
        return load_table(name, **options)
    except ArtifactError as error:
        pytest.skip(f"no real data: {error}")


@pytest.mark.parametrize("name", GENERATED)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(name):
    first, again, other = load_table(name, seed=3), load_table(name, seed=3), load_table(name, seed=4)
    for split in SPLITS:
        pd.testing.assert_frame_equal(getattr(first, split), getattr(again, split))
        assert not getattr(first, split).equals(getattr(other, split))


def test_the_plane_is_exact():
    table = load_table("plane", points=100, seed=1)
    for split in SPLITS:
        frame = getattr(table, split)
        np.testing.assert_allclose(frame["y"], 0.1 * frame["a"] + 0.2 * frame["b"] + 0.3, atol=1e-12)
    assert len(table.train) == 100


def test_the_year_alone_tells_who_is_older_than_five():
    table = load_table("older_than_five")
    assert len(table.train) == 6_000
    assert set(table.train["year"]) == set(range(11))
    assert (table.train["one"] == 1).all()
    told = table.train.groupby("age")["year"].agg(["min", "max"]).loc[["younger", "five", "older"]].to_numpy()
    assert told.tolist() == [[0, 4], [5, 5], [6, 10]]


def test_membership_has_the_schema_of_the_mission():
    table = load_table("membership")
    assert [len(table.train), len(table.test)] == [6_700, 1_000]
    assert list(table.train.columns) == [*COLUMNS, TARGET]
    assert len(COLUMNS) == 11
    data = table.dataset()
    assert data.targets[TARGET] == Target("classification", ("no", "yes"))
    assert data.schema.scaling == "min-max"


def test_the_bayes_limit_of_membership_is_that_of_its_chances():
    """The exact limit by enumeration agrees with a large sample, and the limits of a test split with both."""
    exact = bayes_accuracy()
    large = load_table("membership", rows=1, validation=1, test=200_000, seed=5)
    yes = chance(large.test)
    assert float(np.mean(np.maximum(yes, 1 - yes))) == pytest.approx(exact, abs=0.001)
    limits = large.limits[TARGET]
    assert limits["accuracy"] == pytest.approx(exact, abs=4 * limits["accuracy_standard_error"])
    assert 0.85 < exact < 0.95
    assert float(np.mean(large.test[TARGET] == "no")) < exact - 0.25  # far from the constant answer


def test_the_chances_of_membership_are_drawn_as_they_are_written_down():
    table = load_table("membership", rows=100_000, seed=2).train
    for name, share in FLAGS.items():
        assert table[name].mean() == pytest.approx(share, abs=0.01)
    assert table["platform"].value_counts(normalize=True).to_dict() == pytest.approx(PLATFORMS, abs=0.01)
    yes = chance(table)
    for low in np.arange(0.0, 1.0, 0.2):
        rows = (yes >= low) & (yes < low + 0.2)
        assert (table[TARGET][rows] == "yes").mean() == pytest.approx(yes[rows].mean(), abs=0.02)


def test_membership_reads_the_users_own_visits(tmp_path):
    visits = load_table("membership", rows=200).train
    visits.assign(note="ignored").to_csv(tmp_path / "visits.csv", index=False)
    table = load_table("membership", path=tmp_path / "visits.csv", seed=1)
    assert [len(getattr(table, split)) for split in SPLITS] == [140, 20, 40]
    assert table.dataset().train.inputs["numbers"].shape == (140, 10)
    assert not table.limits
    assert table.name == "membership"  # so that its own settings are those of its recipe


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda visits: visits.drop(columns="survey"), "lacks the column 'survey'"),
        (lambda visits: visits.assign(member="maybe"), "did you mean|Known: no, yes"),
        (lambda visits: visits.assign(byte_1="ten"), "byte_1"),
    ],
)
def test_wrong_visits_are_refused_in_one_sentence(tmp_path, change, words):
    change(load_table("membership", rows=50).train).to_csv(tmp_path / "visits.csv", index=False)
    with pytest.raises((DataError, UnknownNameError), match=words):
        load_table("membership", path=tmp_path / "visits.csv").dataset()


def test_what_is_learnt_of_columns_comes_from_the_training_rows_alone():
    table = load_table("membership")
    spoilt = table.test.assign(byte_1=1e6, platform="fridge")
    before = table.dataset().schema
    after = Table(table.name, table.train, spoilt, spoilt, table.targets, table.columns).dataset().schema
    assert after == before


def test_a_table_of_the_user_is_split_and_its_targets_are_found_out(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": random.random(100),
            "kind": random.choice(["a", "b"], 100),
            "price": random.random(100),
            "sold": random.choice(["no", "yes"], 100),
            "stars": random.integers(1, 6, 100),
        }
    )
    frame.loc[:4, "price"] = np.nan
    frame.to_csv(tmp_path / "houses.csv", index=False)
    data = load_dataset(tmp_path / "houses.csv", targets=["price", "sold", "stars"])
    assert {name: target.kind for name, target in data.targets.items()} == {
        "price": "regression",
        "sold": "binary",
        "stars": "classification",
    }
    assert len(data.train) + len(data.validation) + len(data.test) == 100  # without a price there are other labels
    assert set(data.train.inputs) == {"numbers", "kind"}
    types = {"stars": "category", "sold": "category", "size": "number"}
    forced = load_dataset(tmp_path / "houses.csv", targets=["stars"], types=types, ignore=["sold"])
    assert forced.targets["stars"].labels == ("1", "2", "3", "4", "5")
    with pytest.raises(UnknownNameError, match="did you mean 'price'"):
        load_table(tmp_path / "houses.csv", targets="prise")
    with pytest.raises(ConfigError, match="to be predicted"):
        load_table(tmp_path / "houses.csv")


def test_names_and_options_that_are_not_there_are_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'california'"):
        load_table("californa")
    with pytest.raises(UnknownNameError, match="did you mean 'points'"):
        load_table("plane", point=3)
    assert {"adult", "rossmann"} <= set(list_datasets())


def test_events_are_counted_over_days_of_the_calendar_not_over_rows():
    """A store without rows from the 2nd to the 5th: the promotion of the 1st is five days old on the 6th."""
    plans = pd.DataFrame(
        {
            "Store": 7,
            "Date": pd.to_datetime(["2015-01-06", "2015-01-01", "2015-01-09"]),
            "Open": [1, 1, 0],
            "Promo": [0, 1, 0],
            "StateHoliday": ["0", "a", "0"],
            "SchoolHoliday": [0, 0, 0],
        }
    )
    columns = calendar_columns(plans)
    assert columns["since_Promo"].tolist() == [5, 0, 8]
    assert columns["Promo_before"].tolist() == [1, 1, 0]
    assert columns["until_Closed"].tolist() == [3, 8, 0]
    assert columns["Closed_ahead"].tolist() == [1, 0, 1]
    assert columns["until_Promo"].tolist() == [60, 0, 60]
    assert columns["since_StateHoliday"].tolist() == [5, 0, 8]


def test_looking_back_sees_the_seven_days_up_to_the_day():
    counts, since = looking_back(np.array([[True] + [False] * 8, [True] * 9]))
    assert counts.tolist() == [[1] * 7 + [0, 0], [1, 2, 3, 4, 5, 6, 7, 7, 7]]
    assert since.tolist() == [list(range(9)), [0] * 9]


@pytest.mark.parametrize(
    ("name", "sizes", "positive"),
    [("adult", (34_189, 4_885, 9_768), 0.2393), ("credit", (105_000, 15_000, 30_000), 0.0668)],
)
def test_real_classes_are_shared_out_alike(name, sizes, positive):
    data = mirrored(name).dataset()
    assert tuple(len(getattr(data, split)) for split in SPLITS) == sizes
    for split in SPLITS:
        (labels,) = getattr(data, split).targets.values()
        assert labels.mean() == pytest.approx(positive, abs=1e-4)


def test_adult_is_read_as_the_census_wrote_it():
    table = mirrored("adult")
    whole = pd.concat([table.train, table.validation, table.test])
    assert len(whole) == 48_842
    assert whole["workclass"].isna().sum() == 2_799  # "?"
    assert sorted(whole["income"].unique()) == ["<=50K", ">50K"]
    assert whole["capital_gain"].max() == 99_999


def test_california_is_that_of_keras_in_units_of_100_000_dollars():
    table = mirrored("california")
    whole = pd.concat([table.train, table.validation, table.test])
    assert len(whole) == 20_640
    assert whole["value"].max() == pytest.approx(5.00001)
    assert whole["value"].mean() == pytest.approx(2.0686, abs=1e-3)
    one = mirrored("california", only="rooms_per_household")
    assert list(one.train.columns) == ["rooms_per_household", "value"]
    pd.testing.assert_series_equal(one.test["value"], table.test["value"])


@pytest.fixture(scope="module")
def store_sales():
    return mirrored("rossmann")


def test_store_sales_are_split_by_date_as_fast_ai_does(store_sales):
    assert [len(getattr(store_sales, split)) for split in SPLITS] == [765_470, 37_472, 41_396]
    for split in SPLITS:
        assert (getattr(store_sales, split)["Sales"] > 0).all()
    assert store_sales.test[["Year", "Month"]].drop_duplicates().to_numpy().tolist() == [[2015, 7], [2015, 6]]
    assert store_sales.train.query("Year == 2015")["Month"].max() == 5


def test_no_column_of_store_sales_knows_what_was_sold(store_sales):
    assert not {"Customers", "Open", "Date"} & set(store_sales.train.columns)
    assert store_sales.columns["ranges"]["Sales"][1] == pytest.approx(1.2 * store_sales.train["Sales"].max())


def test_weather_and_trend_are_joined_to_every_day_and_state(store_sales):
    for column in ("Mean_TemperatureC", "trend", "trend_DE", "State", "StoreType"):
        assert store_sales.train[column].notna().all()
    day = store_sales.test.query("Store == 1 and Month == 7 and Day == 31").iloc[0]
    assert (day["State"], day["trend_DE"], day["Sales"], day["Dayofweek"]) == ("HE", 87.0, 5263, 4)

"""What a store's calendar says of each day: how many promotions, holidays and closed days are near, and how near."""

import numpy as np
import pandas as pd

DAYS = 7  # of the windows, the day itself among them
FARTHEST = 60  # days: an event farther away, or none, is told as this


def calendar_columns(plans: pd.DataFrame) -> pd.DataFrame:
    """Rows of Store, Date, Open, Promo, StateHoliday, SchoolHoliday -> for each of the four events X

    X_before, X_ahead  days with the event in the seven days up to the day, and from the day on;
    since_X, until_X   days since the last and until the next one, at most 60.

    Days are those of the calendar, also where a store has no row. A day with an event has since_X = until_X = 0.
    """
    stores, row = np.unique(plans["Store"].to_numpy(), return_inverse=True)
    day = (plans["Date"] - plans["Date"].min()).dt.days.to_numpy()
    shape = len(stores), int(day.max()) + 1
    found: dict[str, np.ndarray] = {}
    for name, happens in events_of(plans).items():
        calendar = np.zeros(shape, dtype=bool)
        calendar[row, day] = happens
        before, since = looking_back(calendar)
        ahead, until = (values[:, ::-1] for values in looking_back(calendar[:, ::-1]))
        columns = {f"{name}_before": before, f"{name}_ahead": ahead, f"since_{name}": since, f"until_{name}": until}
        found |= {column: values[row, day] for column, values in columns.items()}
    return pd.DataFrame(found, index=plans.index)


def events_of(plans: pd.DataFrame) -> dict[str, np.ndarray]:
    """Event -> (n,) whether it happens on the day of the row. A store whose plan is unknown is taken to be open."""
    return {
        "Promo": plans["Promo"].to_numpy() > 0,
        "StateHoliday": plans["StateHoliday"].to_numpy() != "0",
        "SchoolHoliday": plans["SchoolHoliday"].to_numpy() > 0,
        "Closed": plans["Open"].to_numpy() == 0,
    }


def looking_back(calendar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(stores, days) bool -> events in the last `DAYS` days, and days since the last one, both (stores, days).

    >>> counts, since = looking_back(np.array([[False, True, False, False]]))
    >>> counts.tolist(), since.tolist()
    ([[0, 1, 1, 1]], [[60, 0, 1, 2]])
    """
    days = np.arange(calendar.shape[1])
    totals = np.cumsum(np.pad(calendar, ((0, 0), (DAYS, 0))), axis=1)
    last = np.maximum.accumulate(np.where(calendar, days, -FARTHEST * 1000), axis=1)
    return totals[:, DAYS:] - totals[:, :-DAYS], np.minimum(days - last, FARTHEST)

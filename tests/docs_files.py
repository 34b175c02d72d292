"""The files that the pages in docs/ speak of, small: tables, a photo and a folder of photos."""

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 240
GOOD = ["lovely", "soft", "warm", "perfect", "beautiful", "great"]
BAD = ["poor", "itchy", "thin", "torn", "awful", "returned"]


def write_files(folder: Path) -> None:
    """Write all of them."""
    random = np.random.default_rng(0)
    sales = sales_table(random)
    sales.to_csv(folder / "sales.csv", index=False)
    sales.drop(columns=["sales", "returned"]).head(20).to_csv(folder / "new.csv", index=False)
    reviews(random).to_csv(folder / "reviews.csv", index=False)
    photo(folder / "cat.png", random)
    shop_items(folder, random).to_csv(folder / "items.csv", index=False)
    for number in range(24):
        photo(folder / "people" / "abcdefgh"[number % 8] / f"{number // 8}.png", random, size=(32, 32))
    for number in range(24):
        path = folder / "photos" / ("red", "blue")[number % 2] / f"{number // 2:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(path, random, size=(32, 32))


def sales_table(random: np.random.Generator) -> pd.DataFrame:
    store = random.choice(["007", "011", "300"], ROWS)
    area = random.normal(80, 20, ROWS).round(1)
    frame = pd.DataFrame({"store": store, "area": area, "promotion": random.integers(0, 2, ROWS)})
    frame["sales"] = (area * 10 + (store == "007") * 200 + random.normal(0, 20, ROWS)).round(2)
    frame["returned"] = np.where(frame["sales"] > 1000, "yes", "no")
    frame.loc[::17, "area"] = np.nan
    return frame


def reviews(random: np.random.Generator) -> pd.DataFrame:
    good = random.random(ROWS) < 0.7
    texts = [" ".join(random.choice(GOOD if each else BAD, 6)) + " and the colour is as shown" for each in good]
    rating = np.where(good, random.integers(4, 6, ROWS), random.integers(1, 3, ROWS))
    return pd.DataFrame(
        {
            "review": texts,
            "recommended": np.where(good, "yes", "no"),
            "rating": rating,
            "customer": [f"customer {row % 60}" for row in range(ROWS)],
        }
    )


def shop_items(folder: Path, random: np.random.Generator, rows: int = 60) -> pd.DataFrame:
    """Items with a description and the path of a photo, which one lacks."""
    good = random.random(rows) < 0.5
    for row in range(rows):
        (folder / "items").mkdir(exist_ok=True)
        photo(folder / "items" / f"{row}.png", random, size=(32, 32))
    return pd.DataFrame(
        {
            "material": random.choice(["silk", "wool"], rows),
            "title": [" ".join(random.choice(GOOD if each else BAD, 5)) for each in good],
            "photo": [f"items/{row}.png" if row else "" for row in range(rows)],
            "trend": np.where(good, "rising", "falling"),
            "price": random.normal(30, 5, rows).round(2),
        }
    )


def photo(path: Path, random: np.random.Generator, size: tuple[int, int] = (240, 320)) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)

    Image.fromarray(random.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)

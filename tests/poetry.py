"""A language model for tests: it favours characters by the one before and remembers how many it has read."""

import numpy as np

from zoo.poetry import Language

COMMON = (
    "春江花月夜明山水風雲人心天地日中空同東紅翁宮通窮功終鴻蓬濃逢鐘松龍容重封峰何多歌河波過羅家花沙斜華涯車"
    "不一有無來去白青黃千萬里看見聞知在是上下入出石木竹雪雨酒客別月落葉獨坐靜遠近暮曉舊國城門路"
)
CHARACTERS = "".join(dict.fromkeys(COMMON))


def language(characters=CHARACTERS, *, separator="", line_end=False, seed=0):
    """A `Language` of these characters with fixed random preferences, three ids that are none, and a memory."""
    tokens = ("", "", "", *characters)
    generator = np.random.default_rng(seed)
    likes = generator.normal(size=(len(tokens), len(tokens))).astype("float32")

    def step(written, length, memory, lengths):
        count = memory["count"] if memory else np.zeros(len(written), dtype="int64")
        assert (count == length).all(), "the memory does not fit what is written"
        before = np.where(length > 0, written[np.arange(len(written)), length - 1], 2)
        return likes[before], {"count": count + 1}

    return Language(
        tokens, step, line_end=2 if line_end else None, separator=separator, split=str.split if separator else list
    )

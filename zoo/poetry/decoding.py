"""Writing poems: one character of all of them at a time, what is not allowed masked out, and back where nothing fits.

A poem goes back to the beginning of its line, with the memory that it had there, when no character fits a place, when
the line is one that must not be written, or (in the first half of its tries) when what must stand there is so unlikely
that another line should lead to it. After `tries` of them it begins anew, `RESTARTS` times.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zoo.errors import ConfigError, is_number
from zoo.poetry.batch import Batch
from zoo.poetry.constraints import NOWHERE
from zoo.poetry.language import Language
from zoo.poetry.plan import Plan
from zoo.poetry.sampling import sample

RESTARTS = 4
TOGETHER = 512  # poems that are written together at the most
UNLIKELY = 1e-3  # probability of what must stand at a place, below which another line is tried
MOST_POEMS = 1_000_000


@dataclass(frozen=True)
class Settings:
    """How to draw: see `zoo.poetry.sampling`. tries: of one line, before its poem begins anew."""

    seed: int = 0
    temperature: float = 1.0
    top_p: float = 1.0
    tries: int = 16

    def __post_init__(self) -> None:
        if type(self.seed) is not int or not 0 <= self.seed < 2**32:
            raise ConfigError(f"A seed must not be negative, and below 2**32; received {self.seed!r}.")
        if not is_number(self.temperature) or not 0 <= self.temperature <= 100:
            raise ConfigError(f"'temperature' is 0 (the likeliest) to 100; received {self.temperature!r}.")
        if not is_number(self.top_p) or not 0 < self.top_p <= 1:
            raise ConfigError(f"'top_p' must be above 0, and 1 at the most; received {self.top_p!r}.")
        if type(self.tries) is not int or self.tries < 1:
            raise ConfigError(f"'tries' must be a number above 0; received {self.tries!r}.")


@dataclass(frozen=True)
class Written:
    """Poems, each a text a line, and how many lines were thrown away on the way to them."""

    poems: tuple[tuple[str, ...], ...]
    discarded: int


def write(plan: Plan, language: Language, count: int = 1, settings: Settings | None = None) -> Written:
    """`count` poems that follow the plan.

    Poem i of a seed is drawn from a random generator of its own: it does not depend on `count`, but for what rounding
    of the language model's scores in batches of another size may change.

    Raises `ConfigError` where some poem finds no way: rare, since plans without one are refused before.
    """
    if type(count) is not int or not 1 <= count <= MOST_POEMS:
        raise ConfigError(f"1 to {MOST_POEMS:,} poems can be written at once; received {count!r}.")
    writer = _Writer(plan, language, settings or Settings())
    poems: dict[int, tuple[str, ...]] = {}
    for start in range(0, count, TOGETHER):
        poems.update(writer.write(np.arange(start, min(start + TOGETHER, count))))
    return Written(tuple(poems[number] for number in range(count)), writer.discarded)


class _Writer:
    """One call of `write`: plan, language, a random generator for each poem, and a count of discarded lines."""

    def __init__(self, plan: Plan, language: Language, settings: Settings):
        self.plan, self.language, self.settings = plan, language, settings
        self.generators: dict[int, np.random.Generator] = {}
        self.discarded = 0

    def write(self, numbers: np.ndarray) -> dict[int, tuple[str, ...]]:
        """Number of a poem -> its lines."""
        self.generators = {number: np.random.default_rng([self.settings.seed, number]) for number in numbers.tolist()}
        found: dict[int, tuple[str, ...]] = {}
        for _ in range(1 + RESTARTS):
            poems = self._begun(np.array([number for number in numbers.tolist() if number not in found]))
            for line in range(self.plan.form.lines):
                poems = self._with_line(poems, line)
            found.update(zip(poems.number.tolist(), (self._text(grid) for grid in poems.grid), strict=True))
            if len(found) == len(numbers):
                return found
        raise ConfigError(
            f"{len(numbers) - len(found)} of {len(numbers)} poems found no way through all that is asked of them, in"
            f" {1 + RESTARTS} beginnings with {self.settings.tries} tries of a line: ask for less, or try another seed."
        )

    def _begun(self, numbers: np.ndarray) -> Batch:
        """Poems before their first character, the words that must appear in places of their own."""
        form, count = self.plan.form, len(numbers)
        placed = [self.plan.place_words(self.generators[number]) for number in numbers.tolist()]
        ends = form.lines if self.language.line_end is not None else 0
        return Batch(
            number=numbers,
            asked=np.array([each.grid for each in placed]),
            open=np.array([each.open for each in placed]),
            grid=np.full((count, form.lines, form.longest), NOWHERE),
            written=np.full((count, sum(form.lengths) + ends), NOWHERE),
            length=np.zeros(count, dtype="int64"),
            memory={},
        )

    def _with_line(self, poems: Batch, line: int) -> Batch:
        """The poems with one line more; without those that found none."""
        finished: list[Batch] = []
        for attempt in range(self.settings.tries):
            if not len(poems):
                break
            tried = poems.take(np.arange(len(poems)))
            fits = self._try_line(tried, line, patient=2 * attempt < self.settings.tries)
            finished.append(tried.take(np.flatnonzero(fits)))
            poems = poems.take(np.flatnonzero(~fits))
            self.discarded += len(poems)
        return Batch.joined(finished) if finished else poems

    def _try_line(self, poems: Batch, line: int, *, patient: bool) -> np.ndarray:
        """Write the line into the poems; (B,) whether it fits."""
        line_end = self.language.line_end
        going, fits = np.ones(len(poems), dtype=bool), np.ones(len(poems), dtype=bool)
        for place in range(self.plan.form.lengths[line] + (line_end is not None)):
            rows = np.flatnonzero(going & fits)
            if not len(rows):
                break
            part = poems if len(rows) == len(poems) else poems.take(rows)
            scores, memory = self.language.step(part.written, part.length, part.memory, self.plan.form.lengths)
            chosen = self._chosen(part, scores, line, place, patient)
            fits[rows] = chosen != NOWHERE
            poems.written[rows, poems.length[rows]] = chosen
            poems.length[rows] += 1
            poems.remember(rows, memory)
            if line_end is not None:
                going[rows[chosen == line_end]] = False
                rows, chosen = rows[chosen != line_end], chosen[chosen != line_end]
            if len(rows):
                poems.grid[rows, line, place] = chosen
                poems.open[rows] = self.plan.narrowed(poems.open[rows], line, place, chosen)
        return fits & ~self._unwanted(poems, line)

    def _chosen(self, poems: Batch, scores: np.ndarray, line: int, place: int, patient: bool) -> np.ndarray:
        """The next character (B,) of every poem; `NOWHERE` for those that have to go back."""
        if place == self.plan.form.lengths[line]:
            return np.full(len(poems), self.language.line_end)
        chosen = poems.asked[:, line, place].copy()
        patient = patient and place > 0  # the first character of a line is as likely in every try
        forced, free = np.flatnonzero(chosen != NOWHERE), np.flatnonzero(chosen == NOWHERE)
        if patient and len(forced):
            asked = scores[forced, chosen[forced]]
            chosen[forced[asked - _log_sum(scores[forced]) < np.log(UNLIKELY)]] = NOWHERE
        patient = patient and self.plan.rhymes_at(line, place)
        taken = self._taken(poems, line, place)
        for rows, columns in self._choices(poems, line, place, free):
            allowed = _picked(scores, rows, columns)
            if taken is not None:
                allowed = allowed.copy()
                _forbid(allowed, columns, taken[rows], scores.shape[1])
            fits = allowed.max(axis=1) > -np.inf
            if patient:
                fits &= _log_sum(allowed) - _log_sum(scores[rows]) >= np.log(UNLIKELY)
            if fits.any():
                rows = rows[fits]
                chosen[rows] = columns[self._sample(allowed[fits], poems.number[rows])]
        return chosen

    def _sample(self, scores: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        def draw(rows: np.ndarray) -> np.ndarray:
            return np.array([self.generators[number].random() for number in numbers[rows].tolist()])

        return sample(scores, draw, temperature=self.settings.temperature, top_p=self.settings.top_p)

    def _choices(
        self, poems: Batch, line: int, place: int, rows: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows of poems that have the same choice, and the ids of it."""
        line_end = self.language.line_end
        may_end = np.zeros(len(rows), dtype=bool)
        if line_end is not None and not self.plan.form.exact and place > 0:
            may_end = (poems.asked[rows, line, place:] == NOWHERE).all(axis=1)
        for group, mask in self.plan.choices(poems.open[rows], line, place):
            columns = np.flatnonzero(mask)
            for ends in np.unique(may_end[group]):
                same = rows[group[may_end[group] == ends]]
                yield same, np.append(columns, [line_end]) if ends else columns

    def _taken(self, poems: Batch, line: int, place: int) -> np.ndarray | None:
        """(B, N) ids that must not stand here, and perhaps `NOWHERE`; None where any may."""
        plan, count = self.plan, len(poems)
        if not plan.constraints.repeats:
            return np.concatenate([poems.grid.reshape(count, -1), poems.asked.reshape(count, -1)], axis=1)
        if not plan.rhymes_at(line, place):
            return None
        lines = [each for each in range(plan.form.lines) if each != line and plan.rhyming(each)]
        ends = [plan.form.lengths[each] - 1 for each in lines]
        return np.concatenate([poems.grid[:, lines, ends], poems.asked[:, lines, ends]], axis=1)

    def _unwanted(self, poems: Batch, line: int) -> np.ndarray:
        """(B,): whether that line stands in the poem already, or must not be written."""
        again = (poems.grid[:, :line] == poems.grid[:, line : line + 1]).all(axis=2).any(axis=1)
        avoid = self.plan.constraints.avoid
        if avoid:
            again |= np.array([self._line_text(row) in avoid for row in poems.grid[:, line]], dtype=bool)
        return again

    def _line_text(self, ids: np.ndarray) -> str:
        tokens = self.language.tokens
        return self.language.separator.join(tokens[number] for number in ids.tolist() if number != NOWHERE)

    def _text(self, grid: np.ndarray) -> tuple[str, ...]:
        return tuple(map(self._line_text, grid))


def _forbid(scores: np.ndarray, columns: np.ndarray, taken: np.ndarray, vocabulary: int) -> None:
    """Set the scores (b, C) of taken ids (b, N) to minus infinity; column c is that of the id columns[c]."""
    column_of = np.full(vocabulary + 1, NOWHERE)  # one more: `NOWHERE` itself stands at the end
    column_of[columns] = np.arange(len(columns))
    where = column_of[taken]
    rows, numbers = np.nonzero(where != NOWHERE)
    scores[rows, where[rows, numbers]] = -np.inf


def _picked(scores: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """scores[rows][:, columns], without a copy where that is all rows and columns in one piece."""
    some = scores if len(rows) == len(scores) else scores[rows]
    first, last = columns[0], columns[-1] + 1
    return some[:, first:last] if last - first == len(columns) else np.take(some, columns, axis=1, mode="clip")


def _log_sum(scores: np.ndarray) -> np.ndarray:
    """(b, C) -> (b,): the logarithm of the sum of exponentials; minus infinity for a row that is nothing else."""
    top = scores.max(axis=1)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(scores - np.where(np.isfinite(top), top, 0)[:, None]).sum(axis=1))

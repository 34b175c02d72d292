"""Numbers as people write them: thousands marks, a decimal comma, currencies, per cent, units, minus in brackets.

One column has one way of writing: it is learnt of all its values, and a value of another is refused, never guessed.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from zoo.errors import ConfigError, require_known


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


DECIMALS = (".", ",")
GROUPS = {".": (",", " ", "'"), ",": (".", " ", "'")}  # what may stand between thousands beside this decimal mark
FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "mn": 1e6, "B": 1e9, "bn": 1e9, "Mrd": 1e9}
SYMBOLS = "$€£¥₹₽₩₺₴₪฿₫₱₦₡₵%‰°"
CODES = _words(
    "USD EUR GBP CHF JPY CNY INR RUB KRW TRY UAH ILS THB VND PHP NGN AUD CAD NZD HKD SGD TWD SEK NOK DKK ISK PLN CZK",
    "HUF RON BGN BRL MXN ARS CLP COP PEN ZAR EGP KES AED SAR QAR MYR IDR PKR Rs Rs. R$ US$ A$ C$ HK$ NT$ S$ kr kr. zł",
    "Kč Ft Fr Fr. SFr SFr. lei euro euros dollars DM",
)
UNITS = _words(
    "kg g mg µg t lb lbs oz km m cm mm nm µm mi ft in yd m² m³ m2 m3 km² km2 ft² ft2 sqm sqft ha l ml cl dl gal h hr",
    "hrs min mins s sec secs ms µs d yr yrs y mo kB KB MB GB TB kbit Mbit Gbit Hz kHz MHz GHz W kW MW kWh MWh Wh V kV",
    "mV mA mAh Ah J kJ kcal cal N bar mbar hPa kPa Pa psi °C °F rpm hp bhp PS mpg km/h kmh kph mph m/s px dpi pt pcs",
    "pp bp bps x cc ccm ppm ppb dB pct",
)
ORDINALS = ("st", "nd", "rd", "th")
LOOKED_AT = 50  # values that say whether a column is worth reading whole
_FLAT = {ord(each): " " for each in "\u00a0\u2007\u2009\u202f\u2002\u2003"} | {
    ord(each): "-" for each in "\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d"
}
_FLAT |= {ord("’"): "'", ord("‘"): "'", ord("％"): "%", ord("＄"): "$", ord("￥"): "¥"}
_ZEROS = (  # of Arabic, Persian, Devanagari, Bengali, Tamil, Thai, Lao, Tibetan, Burmese, Khmer and full width
    (0x660, 0x6F0, 0x966, 0x9E6, 0xBE6, 0xE50, 0xED0, 0xF20, 0x1040, 0x17E0, 0xFF10)
)
_FLAT |= {zero + digit: str(digit) for zero in _ZEROS for digit in range(10)}
_FLAT |= {0x66A: "%", 0x66B: ".", 0x66C: ","}  # the Arabic per cent, decimal point and thousands mark
_CLOCK = re.compile(  # 8:30, -0:05, 0:59:58.25, 8:30 pm, 8 pm
    r"(?P<sign>[+-])?(?P<hours>[0-9]{1,3})(?::(?P<minutes>[0-5][0-9]))?(?::(?P<seconds>[0-5][0-9]))?"
    r"(?:(?<=:..)[.,](?P<fraction>[0-9]{1,6}))?(?:\s*(?P<half>[AaPp])(?:[Mm]|\.[Mm]\.?))?"
)
_TIMES = {"h:mm": "8:30", "h:mm:ss": "8:30:15", "h:mm am": "8:30 am", "h:mm:ss am": "8:30:15 am"}  # by their units
_MARKS = re.compile(r"(?:[<>≤≥~≈±]=?|ca\.|c\.)\s*(?=[\d.,+-])|(?<=\d)\s*[*†‡¹]+$")  # of bounds, estimates and footnotes
_CELL = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[+-])?\s*(?P<before>[^\d\s.,+()'-][^\d\s+()-]{0,5})?\s*(?P<inner>[+-])?\s*"
    r"(?P<body>[.,]?[0-9](?:[0-9.,' ]*[0-9])?[.,]?)(?P<power>[eE][+-]?[0-9]{1,3})?"
    r"(?P<blank>\s*)(?P<after>[^\d\s.,+()'-][^\d+()-]{0,19}[²³23]?|[^\d\s.,+()'-])?\s*(?P<late>-)?\s*(?P<close>\))?"
)


@dataclass(frozen=True)
class NumberFormat:
    """decimal: the mark before the fraction; group: that between thousands; unit: what stands beside every number."""

    decimal: str = "."
    group: str = ""
    unit: str = ""

    def number(self, text: str) -> float:
        """The number, NaN where the text is not written so.

        >>> NumberFormat(",", ".", "EUR").number("(1.234,50 €)")
        -1234.5
        """
        if not self.unit and (found := _body(self.decimal, self.group).fullmatch(text)):  # most are plain
            return float((found[0].replace(self.group, "") if self.group else found[0]).replace(self.decimal, "."))
        cell = read_cell(text)
        if cell is None or cell.unit != self.unit or not _body(self.decimal, self.group).fullmatch(cell.body):
            return math.nan
        plain = cell.body.replace(self.group, "") if self.group else cell.body
        return cell.factor * float(plain.replace(self.decimal, ".") + cell.power)

    @property
    def shown(self) -> str:
        """What numbers of this format are, in words: "numbers as 1234.56 kg", "times as 8:30"."""
        if self.unit in _TIMES:
            return f"times as {_TIMES[self.unit]}"
        return "numbers" if self == NumberFormat() else f"numbers as {self}"

    @property
    def measure(self) -> str:
        """The unit of the numbers themselves: of times minutes or seconds."""
        return {"h:mm": "min", "h:mm:ss": "s"}.get(self.unit.removesuffix(" am"), self.unit)

    def __str__(self) -> str:
        """An example, from which `format_like` makes the format again."""
        return f"1{self.group}234{self.decimal}56 {self.unit}".rstrip()


@dataclass(frozen=True)
class Cell:
    """The parts of one text: sign and multiplier as `factor`, the digits with their marks, the power, and the unit."""

    factor: float
    body: str
    power: str
    unit: str
    known: bool  # the unit is no mere word


def format_like(example: str) -> NumberFormat:
    """The format out of its `str`. Raises `ConfigError` for another text.

    >>> format_like("1.234,56 %")
    NumberFormat(decimal=',', group='.', unit='%')
    """
    found = re.fullmatch(r"1([,. ']?)234([.,])56(?: (.*))?", example)
    if found is None:
        raise ConfigError(f"The format of a number is an example as 1,234.56; received {example!r}.")
    return NumberFormat(found[2], found[1], found[3] or "")


def plain_digits(text: str) -> str:
    """A text without blanks around it, with the digits 0 to 9 and the usual marks for those of other scripts."""
    return text.translate(_FLAT).strip()


@lru_cache(maxsize=20_000)
def read_cell(text: str) -> Cell | None:
    """The parts of a text that is one number, with or without a unit, or a time; else None.

    A time of day, or how long something took, is a number of minutes (08:30) or of seconds (08:30:15, 01:12.50).
    """
    text = plain_digits(text)
    if (clock := _CLOCK.fullmatch(text)) and (cell := _time(clock)):
        return cell
    found = _CELL.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    minus = [bool(found["open"]), found["sign"] == "-", found["inner"] == "-", bool(found["late"])]
    if sum(minus) > 1 or (found["sign"] and found["inner"]):
        return None
    before, after = (found["before"] or "").strip(), (found["after"] or "").strip()
    factor = FACTORS.get(after.split(" ")[0], 1.0)
    if factor != 1.0:
        after = after.partition(" ")[2].strip()
    if before and not _is_currency(before):
        return None
    if after and not _is_unit(after, bool(found["blank"])):
        return None
    if not any(_body(point, group).fullmatch(found["body"]) for point in DECIMALS for group in GROUPS[point]):
        return None  # 1.2.3 is a version
    known = not after or _is_currency(after) or after in UNITS
    unit = " ".join(each for each in (_plain(before), _plain(after)) if each)
    return Cell(-factor if any(minus) else factor, found["body"], found["power"] or "", unit, known)


def _time(clock: re.Match[str]) -> Cell | None:
    """Minutes, or seconds, of what `_CLOCK` found; None for 13 pm, and for 8 alone."""
    hours, minutes = int(clock["hours"]), int(clock["minutes"] or 0)
    if clock["half"]:
        if not 1 <= hours <= 12 or clock["sign"]:
            return None
        hours = hours % 12 + 12 * (clock["half"] in "pP")
    elif clock["minutes"] is None:
        return None
    total, unit, fraction = 60 * hours + minutes, "h:mm", clock["fraction"] or ""
    if clock["seconds"]:
        total, unit = 60 * total + int(clock["seconds"]), "h:mm:ss"
    power = f"e-{len(fraction)}" if fraction else ""
    unit += " am" if clock["half"] else ""
    return Cell(-1.0 if clock["sign"] == "-" else 1.0, f"{total}{fraction}", power, unit, known=True)


def is_time(text: str) -> bool:
    """Whether a text is one time, with or without seconds."""
    cell = read_cell(text)
    return cell is not None and cell.unit in _TIMES


def _is_currency(text: str) -> bool:
    return text in CODES or (text[0] in SYMBOLS and len(text) == 1)


def _is_unit(text: str, apart: bool) -> bool:
    """Beside the digits only what is known to be a unit: 12b is a house. Apart from them any word."""
    if text in UNITS or _is_currency(text) or text[0] in SYMBOLS:
        return True
    return apart and len(text) > 1 and text.casefold() not in ORDINALS and text[0].isalpha() and len(text.split()) <= 3


def _plain(unit: str) -> str:
    """One spelling for the usual ones of a unit: "year" and "years", "€" and "EUR"."""
    name = {"€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "Rs.": "Rs"}.get(unit, unit).rstrip(".")
    if name in UNITS or _is_currency(name) if name else False:
        return name
    return name.casefold().removesuffix("s") if len(name) > 3 else name.casefold()


@lru_cache(maxsize=64)
def _body(decimal: str, group: str) -> re.Pattern[str]:
    """Digits with these marks; between thousands of India there may be two digits."""
    point = re.escape(decimal)
    plain = rf"[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+"
    if not group:
        return re.compile(plain)
    mark = re.escape(group)
    wide = rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+" + (r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}" if group == "," else "")
    return re.compile(rf"(?:{wide})(?:{point}[0-9]*)?|{plain}")


@dataclass(frozen=True)
class Reading:
    """What the texts of a column say of their format.

    formats  those by which all are numbers, of which any would do where there is one alone.
    unlike   where there is none though the texts are numbers: one that most are like, and the first that is not.
    """

    formats: tuple[NumberFormat, ...] = ()
    unlike: tuple[NumberFormat, str] | None = None


def formats_of(texts: Sequence[str], *, share: float, least: int, decimal: str | None = None) -> Reading:
    """How the different texts of a column are written. `share` of at least `least` texts alike make the rest slips."""
    if decimal is not None:
        require_known("decimal mark", decimal, DECIMALS)
    if slip := _marked(texts, least):
        return Reading(unlike=(NumberFormat(), slip))
    head = [read_cell(text) for text in texts[:LOOKED_AT]]
    if 2 * sum(cell is not None for cell in head) < len(head) or not head:
        return Reading()
    cells = [read_cell(text) for text in texts]
    known = [cell for cell in cells if cell is not None]
    units = [cell.unit for cell in known]
    unit = max(dict.fromkeys(units), key=units.count)
    there = [mark for mark in (",", ".", " ", "'") if any(mark in cell.body for cell in known)]
    ways = [
        NumberFormat(point, group, unit)
        for point in (DECIMALS if decimal is None else (decimal,))
        for group in ("", *GROUPS[point])
        if (not group or group in there) and (point == "." or point in there or group == "." or decimal)
    ]
    fitting = {way: [not math.isnan(way.number(text)) for text in texts] for way in ways}
    whole = [way for way, fits in fitting.items() if all(fits)]
    if whole:
        return Reading(tuple(_decided(whole, known)))
    best = max(ways, key=lambda way: (sum(fitting[way]), not way.group))
    slip = texts[fitting[best].index(False)]
    numbers = len(known) == len(texts) and all(cell.known for cell in known)
    if numbers or sum(fitting[best]) >= max(least, share * len(texts)):
        return Reading(unlike=(best, slip))
    return Reading()


def _marked(texts: Sequence[str], least: int) -> str:
    """The first text with a mark, as <5 or 5*, where without these marks all of at least so many texts are numbers.

    Where every text has one, they are names.
    """
    marked = [text for text in texts if _MARKS.search(text)]
    if len(texts) < least or not 0 < len(marked) < len(texts):
        return ""
    return marked[0] if all(read_cell(_MARKS.sub("", text)) for text in texts) else ""


def _decided(ways: list[NumberFormat], cells: Sequence[Cell]) -> Iterable[NumberFormat]:
    """Those of the fitting formats that differ in what the texts mean.

    1,234 is one thousand or one and a bit. Where some numbers have no comma and the others exactly three digits behind
    theirs, or where all of these end in zeros, they are thousands: nobody writes 950 and 1,200 for 950 and 1.2.
    """
    plain = [way for way in ways if not way.group]
    grouped = [way for way in ways if way.group]
    if not plain or not grouped:
        return (plain or _widest(grouped, cells))[:1]
    decimals = {way.decimal for way in plain}
    groups = [way for way in grouped if way.group in decimals and any(way.group in cell.body for cell in cells)]
    if not groups:
        return [way for way in plain if any(way.decimal in cell.body for cell in cells)][:1] or plain[:1]
    way = groups[0]
    marked = [cell.body for cell in cells if way.group in cell.body]
    bare = [cell.body for cell in cells if way.group not in cell.body and way.decimal not in cell.body]
    if way.group == "," and (bare or (len(marked) >= 10 and all(body.endswith("00") for body in marked))):
        return [way]
    return [way, next(each for each in plain if each.decimal == way.group)]


def _widest(ways: list[NumberFormat], cells: Sequence[Cell]) -> list[NumberFormat]:
    """The formats whose decimal mark the texts have come first, then the decimal point."""
    return sorted(ways, key=lambda way: (not any(way.decimal in cell.body for cell in cells), way.decimal))

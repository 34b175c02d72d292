"""New poems in the manner of old ones, in a form, with rhyme and tones, and with what you ask to stand in them.

    python -m examples.write_poem                                      a quatrain of seven characters a line
    python -m examples.write_poem --first 春 --form 7x4 --count 10     ten that begin with spring
    python -m examples.write_poem --acrostic 春江花月 --must 白雲 --rhyme 東 --tones regulated --no-repeats
    python -m examples.write_poem --weights runs/lyrics --form "*x4"   your own corpus: zoo train poem --data lyrics.txt

The model, in `zoo/models/poem.py`, is a recurrent network that answers with the next character:

    x = concatenate([embedding(character), ...])    the character before, the one above, the rhyme, the place
    x = layers.GRU(units, return_sequences=True)(x)
    keras.Model(inputs, {"next": softmax(embedding(dense(x), reverse=True))})
"""

import argparse
import sys
from collections.abc import Sequence

from zoo.options import whole_number
from zoo.poetry import Constraints, Form, Language, Plan, Settings, Written, common_rhymes, make_plan, pingshui, write
from zoo.poetry.constraints import TONES
from zoo.terminal import console, import_frameworks, parse, run

WEIGHTS = "poem"  # of the catalogue: its first tag


def main(arguments: Sequence[str] | None = None) -> int:
    """Write poems and name the source of rhyme and tone."""
    return run(lambda: compose(arguments))


def compose(arguments: Sequence[str] | None) -> None:
    """Load the model, plan what is asked for, write, show."""
    parsed = parse(parser(), arguments)
    settings = Settings(
        parsed.seed, parsed.temperature, parsed.top_p
    )  # a wrong option is told before the model is read
    form = Form.parse(parsed.form) if parsed.form else None
    import_frameworks()
    from zoo.tasks.poem_language import language_of, lines_of, read_poem_model
    from zoo.tasks.poems import verse_of

    pipeline = read_poem_model(parsed.weights)
    verse = verse_of(pipeline.schema)
    language = language_of(pipeline.model, verse.vocabulary, free=verse.free)
    avoid = lines_of(parsed.avoid, language) if parsed.avoid else frozenset()
    plan = make_plan(constraints(parsed, form, language, avoid), language, pingshui())
    show(write(plan, language, parsed.count, settings), plan, language)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m examples.write_poem", allow_abbrev=False)
    made.add_argument("--form", help="CHARACTERSxLINES, or lengths as in 3,3,7 (default: 7x4; free text: *x4)")
    made.add_argument("--count", type=whole_number, default=1, help="poems (default: 1)")
    made.add_argument("--first", default="", metavar="TEXT", help="what the poem begins with")
    made.add_argument("--acrostic", default="", metavar="TEXT", help="the first characters of the lines")
    made.add_argument("--must", action="append", default=[], metavar="WORD", help="a word in the poem; may be repeated")
    made.add_argument("--rhyme", help="on, off, or a character of the rhyme, as in 東 (default: on; free text: off)")
    made.add_argument("--tones", default="off", help=f"{' or '.join(TONES)} (default: off)")
    made.add_argument("--no-repeats", action="store_true", help="no character twice in a poem")
    made.add_argument("--avoid", metavar="CORPUS", help="write no line of this corpus: tang or song_ci")
    made.add_argument("--temperature", type=float, default=0.8, help="0: the likeliest (default: 0.8)")
    made.add_argument("--top-p", type=float, default=0.95, help="share of the likeliest characters (default: 0.95)")
    made.add_argument("--seed", type=whole_number, default=0)
    made.add_argument("--weights", default=WEIGHTS, help="tag, file or run folder (default: those of the Tang poems)")
    return made


def constraints(
    parsed: argparse.Namespace, form: Form | None, language: Language, avoid: frozenset[str]
) -> Constraints:
    """What the options ask for; what they leave open depends on the model."""
    free = language.line_end is not None
    form = form or Form.parse("*x4" if free else "7x4")
    return Constraints(
        form,
        first=parsed.first,
        acrostic=parsed.acrostic,
        must=tuple(parsed.must),
        rhyme=parsed.rhyme or ("off" if free or form.lines == 1 else "on"),
        tones=parsed.tones,
        repeats=not parsed.no_repeats,
        avoid=avoid,
    )


def show(written: Written, plan: Plan, language: Language) -> None:
    """The poems, the rhyme of each, and where rhyme and tones come from."""
    screen, prosody = console(), pingshui()
    asked = plan.constraints
    stops = ("，", "。") if language.line_end is None else ("", "")  # Chinese verse is printed in couplets
    for number, poem in enumerate(written.poems, start=1):
        title = f"{number}  {' or '.join(common_rhymes(poem, prosody)) if asked.rhyme != 'off' else ''}"
        screen.print(title.rstrip(), style="dim")
        for line, text in enumerate(poem):
            last = line == len(poem) - 1
            screen.print(f"   {text}{stops[line % 2 or last]}", markup=False)
    if asked.rhyme != "off" or asked.tones != "off":
        screen.print(f"Rhyme and tones: {prosody.source}.", style="dim")


if __name__ == "__main__":
    sys.exit(main())

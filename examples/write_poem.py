"""New poems in the manner of old ones, in a form, with rhyme and tones, and with what you ask to stand in them.

    python -m examples.write_poem                                      a quatrain of seven characters a line
    python -m examples.write_poem --first 春 --form 7x4 --count 10     ten that begin with spring
    python -m examples.write_poem --acrostic 春江花月 --must 白雲 --rhyme 東 --tones regulated --no-repeats
    python -m examples.write_poem --weights runs/lyrics --form "*x4"   your own corpus: zoo train poem --data lyrics.txt

The data are poems, a list of lines each. The model, in `zoo/models/poem.py`, is a recurrent network that answers with
the next character; `zoo.train("poem", "tang", folder="runs/tang")` trains it:

    x = concatenate([embedding(character), ...])    the character before, the one above, the rhyme, the place
    x = layers.GRU(units, return_sequences=True)(x)
    keras.Model(inputs, {"next": softmax(embedding(dense(x), reverse=True))})
"""

from examples.command import POEM, Run, page
from zoo.poetry import Constraints, Form, Language, Plan, Settings, Written, common_rhymes, make_plan, pingshui, write
from zoo.terminal import console, import_frameworks


@page(*POEM, frameworks=False)
def main(run: Run) -> None:
    """Load the model, plan what is asked for, write, show."""
    settings = Settings(run.seed, run.temperature, run.top_p)  # a wrong option is told before the model is read
    form = Form.parse(run.form) if run.form else None
    import_frameworks()
    from zoo.tasks.poem_language import language_of, lines_of, read_poem_model
    from zoo.tasks.poems import verse_of

    pipeline = read_poem_model(run.weights)
    verse = verse_of(pipeline.schema)
    language = language_of(pipeline.model, verse.vocabulary, free=verse.free)
    form = form or Form.parse("*x4" if verse.free else "7x4")
    constraints = Constraints(
        form,
        first=run.first,
        acrostic=run.acrostic,
        must=tuple(run.must),
        rhyme=run.rhyme or ("off" if verse.free or form.lines == 1 else "on"),
        tones=run.tones,
        repeats=not run.no_repeats,
        avoid=lines_of(run.avoid, language) if run.avoid else frozenset(),
    )
    plan = make_plan(constraints, language, pingshui())
    show(write(plan, language, run.count, settings), plan, language)


def show(written: Written, plan: Plan, language: Language) -> None:
    """The poems, the rhyme of each, and where rhyme and tones come from."""
    screen, prosody, asked = console(), pingshui(), plan.constraints
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
    raise SystemExit(main())

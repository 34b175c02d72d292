"""Blocks of figures of the page on sounds."""

from tools.readme_blocks.records import figures

WAYS = {  # part of the record, and what of it -> in words
    ("simple", "rows"): "logistic regression on mean and deviation of the spectrogram's rows",
    ("simple", "tagger_32"): "logistic regression on the tagger's 32 features",
    (
        "simple",
        "tagger_statistics",
    ): "logistic regression on these, statistics of its four stages and those of the rows",
    ("linear_probe", ""): "new heads on these, solved by the recipe; the tagger stands still",
    ("fine_tuned", ""): "its upper layers and a head trained on, the lower three stages frozen",
    ("scratch", ""): "`sound_cnn`, narrower, from scratch",
}


def music_tagger() -> str:
    """The published values on each backend, and the front end beside librosa's."""
    found = figures("sound")
    lines = ["| backend | tracks with the ten published tags | largest difference of a value |", "|---|---|---|"]
    lines += [
        f"| {backend} | {row['right']} of {row['tracks']} | {row['largest_difference']:.4f} |"
        for backend, row in found.get("tagger", {}).items()
        if backend != "measured"
    ]
    text = (
        "\n".join(lines)
        + "\n\nThe values were published to three digits (`python -m benchmarks.senses.sound tagger`).\n"
    )
    if "mel" not in found:
        return text
    mel = found["mel"]
    return text + (
        f"\nThe front end and librosa {mel['librosa']} differ by at most {mel['largest_difference_decibels']:.1e} dB. "
        f"Half a minute takes {mel['milliseconds']:.0f} ms of one processor, librosa "
        f"{mel['librosa_milliseconds']:.0f} ms.\n"
    )


def genres() -> str:
    """Accuracy in five folds."""
    found = figures("sound")
    lacking = sorted({f"`python -m benchmarks.senses.sound {part}`" for part, _ in WAYS if part not in found})
    lines = ["| way | accuracy, % |", "|---|---|"] if len(lacking) < 3 else []
    for (part, what), words in WAYS.items():
        if part in found:
            row = found[part][what] if what else found[part]
            lines.append(f"| {words} | {100 * row['mean']:.1f} ± {100 * row['deviation']:.1f} |")
    return "\n".join(lines) + (
        "\n\n"
        * bool(lines)
        + "600 spectrograms of ten genres, five folds; excerpts that were found twice stand in one. Mean ± standard "
        "deviation of the folds. The tagger was trained on spectrograms of another front end, with fourteen times as "
        "many frames: the pictures are stretched for it.\n"
        + (f"\nNot measured yet: {', '.join(lacking)}.\n" if lacking else "")
    )

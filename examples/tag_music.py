"""What does this music sound like?

    python -m examples.tag_music FILE            the ten best of 50 tags, by the published weights of MusicTaggerCRNN
    python -m examples.tag_music FILE FILE ...   of several: wav, flac, ogg or mp3

Of a longer track the middle 29 seconds count, a shorter one is repeated. What it does is

    column = zoo.columns.SoundColumn("track", **TAGGER)               # how the weights want their sounds
    model = zoo.create_model("music_tagger_crnn", weights="msd")
    model.predict_on_batch([column.encode(files)[:]])["tags"]         # (n, 50) probabilities

`zoo train music_tagger_crnn --weights msd --data FOLDER` trains it on for labels of your own.
"""

from examples.command import Run, option, page
from zoo.terminal import console, import_frameworks

OPTIONS = (option("files", "sounds: wav, flac, ogg, mp3", nargs="+", metavar="FILE"),)


@page(*OPTIONS, frameworks=False)
def main(run: Run) -> None:
    """The ten best tags of each track."""
    from zoo.sounds.files import find_sounds

    files = [str(path) for path in find_sounds(run.files)]  # a mistake is told before the frameworks are imported
    import_frameworks()
    from zoo.tasks.tag_music import tag_music

    for file, best in zip(files, tag_music(files), strict=True):
        console().print("\n".join([file, *(f"  {share:6.1%}  {tag}" for tag, share in best)]), markup=False)


if __name__ == "__main__":
    raise SystemExit(main())

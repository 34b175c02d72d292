"""The entries of models that hear: they read mel spectrograms, which a sound column makes of files."""

from collections.abc import Mapping

from zoo.catalogue.entry import Entry, Weights

_CHOI = "Choi et al. 2017, Convolutional recurrent neural networks for music classification, arXiv 1609.04243"
_KONG = "Kong et al. 2020, PANNs: Large-scale pretrained audio neural networks, arXiv 1912.10211, in small"
_TAGS = {"tags": "(batch, 50) probabilities of tags; the outputs are those that the option 'outputs' names"}
_LABEL = {"label": "(batch, labels) probabilities; the outputs are those that the option 'outputs' names"}


def _entry(
    name: str,
    family: str,
    parameters: int,
    summary: str,
    shape: str,
    outputs: Mapping[str, str],
    source: str,
    weights: Mapping[str, Weights] | None = None,
    *,
    for_tests: bool = False,
) -> Entry:
    return Entry(
        name=name,
        task="sound-classification",
        family=family,
        builder=f"zoo.models.{family}:{name}",
        summary=summary,
        inputs={"sound": f"(batch, {shape}, 1) decibels of mel bands and frames"},
        outputs=outputs,
        source=source,
        weights=weights or {},
        parameters=parameters,
        for_tests=for_tests,
    )


ENTRIES = (
    _entry(
        "music_tagger_crnn",
        "music_tagger",
        400_562,
        "convolutions over a spectrogram and two GRUs over its time; 50 tags of music",
        "96, 1366",
        _TAGS,
        _CHOI,
        {"msd": Weights(file="", data="last.fm's tags of the Million Song Dataset (github.com/keunwoochoi)")},
    ),
    _entry(
        "music_tagger_crnn_tiny",
        "music_tagger",
        956,
        "the same network for tests that run in milliseconds",
        "8, 30",
        _LABEL,
        _CHOI,
        for_tests=True,
    ),
    _entry(
        "sound_cnn",
        "sound_cnn",
        223_618,
        "four convolutions over a spectrogram, for sounds of your own",
        "96, 128",
        _LABEL,
        _KONG,
    ),
    _entry(
        "sound_cnn_tiny",
        "sound_cnn",
        1_484,
        "the same network for tests that run in milliseconds",
        "8, 16",
        _LABEL,
        _KONG,
        for_tests=True,
    ),
)

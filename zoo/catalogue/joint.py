"""The entries of models of several senses; a schema's `model_config` gives their inputs and outputs."""

from zoo.catalogue.entry import Entry

_PRESENT = "(batch,) 1 where there is a picture, else 0"
_TITLE = "(batch, length) integers: numbers of words, 0 for padding on the right, any length"
_LIU = "Baltrušaitis et al. 2018, Multimodal machine learning; fusion: Arevalo et al. 2017, Liu et al. 2018"
_AHMED = "Ahmed and Moustafa 2016, House price estimation from visual and textual features"


def _joint(
    name: str,
    parameters: int,
    summary: str,
    inputs: dict[str, str],
    outputs: dict[str, str],
    source: str = _LIU,
    *,
    for_tests: bool = False,
) -> Entry:
    return Entry(
        name=name,
        task="joint",
        family="joint",
        builder=f"zoo.models.joint:{name}",
        summary=summary,
        inputs=dict(sorted(inputs.items())),
        outputs=outputs,
        source=source,
        parameters=parameters,
        for_tests=for_tests,
    )


def _ids(**sizes: int) -> dict[str, str]:
    return {name: f"(batch,) ids below {size}: 0 missing, 1 never seen" for name, size in sizes.items()}


def _pictures(shape: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, f"(batch, {shape}) numbers, normalised")


_TARGET = {"target": "(batch, 1) a number; the outputs are those that the option 'outputs' names"}
_ROOMS = ("bathroom", "bedroom", "frontal", "kitchen")

ENTRIES = (
    _joint(
        "joint",
        305_313,
        "a table's columns, texts and pictures of one sample, each by an encoder of its own, fused",
        {"numbers": "(batch, 4) raw numbers, NaN where missing", "title": _TITLE, **_pictures("64, 64, 3", "photo")},
        _TARGET,
    ),
    _joint(
        "fashion_trend",
        4_062_436,
        "season, usage and year of a fashion item from its picture, its name and its attributes",
        {
            **_ids(gender=7, masterCategory=6, subCategory=38, articleType=115, baseColour=48),
            "name": _TITLE,
            **_pictures("160, 120, 3", "picture"),
            "picture_present": _PRESENT,
        },
        {
            "season": "(batch, 4) probabilities",
            "usage": "(batch, 4) probabilities",
            "year": "(batch, 1) a number; the outputs are those that the option 'outputs' names",
        },
    ),
    _joint(
        "house_photos",
        3_537_030,
        "the price of a house from four photos, which one backbone reads, and its attributes",
        {
            "numbers": "(batch, 3) raw numbers, NaN where missing",
            **_ids(zipcode=50),
            **_pictures("160, 160, 3", *_ROOMS),
            **{f"{room}_present": _PRESENT for room in _ROOMS},
        },
        {"price": "(batch, 1) a number"},
        _AHMED,
    ),
    _joint(
        "joint_tiny",
        60_005,
        "the same network for tests that run in milliseconds",
        {
            "numbers": "(batch, 2) raw numbers, NaN where missing",
            **_ids(group=50),
            "title": _TITLE,
            **_pictures("16, 16, 3", "photo"),
            "photo_present": _PRESENT,
        },
        _TARGET,
        for_tests=True,
    ),
)

"""The entries that read an age off a face; they begin with the weights of their backbone."""

from zoo.catalogue.entry import Entry


def _entry(name: str, parameters: int, summary: str, *, for_tests: bool = False) -> Entry:
    return Entry(
        name=name,
        task="age-estimation",
        family="dex",
        builder=f"zoo.models.dex:{name}",
        summary=summary,
        inputs={"image": "(batch, height, width, channels) numbers, as the weights of the backbone want them"},
        outputs={"age": "(batch, 1) years, what a distribution over 101 ages expects"},
        source="Rothe et al. 2015, DEX: Deep EXpectation of apparent age from a single image",
        parameters=parameters,
        for_tests=for_tests,
    )


ENTRIES = (
    _entry("dex_age", 3_332_389, "age as the expected value over 101 years, on MobileNet or any other backbone"),
    _entry("dex_age_tiny", 1351, "for tests that run in milliseconds", for_tests=True),
)

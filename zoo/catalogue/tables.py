"""The entries of models for tables; a schema's `model_config` gives their options, and so their inputs and outputs."""

from zoo.catalogue.entry import Entry

_REGRESSION = {"target": "(batch, 1) a number; the outputs are those that the option 'outputs' names"}
_CLASSES = {"target": "(batch, 2) probabilities; the outputs are those that the option 'outputs' names"}


def _table(
    name: str,
    module: str,
    parameters: int,
    summary: str,
    inputs: dict[str, str],
    source: str,
    outputs: dict[str, str] = _REGRESSION,
    *,
    for_tests: bool = False,
) -> Entry:
    return Entry(
        name=name,
        task="tabular-classification" if outputs is _CLASSES else "tabular-regression",
        family=name.removesuffix("_tiny"),
        builder=f"zoo.models.{module}:{name}",
        summary=summary,
        inputs=inputs,
        outputs=outputs,
        source=source,
        parameters=parameters,
        for_tests=for_tests,
    )


def _inputs(numbers: int, **categories: int) -> dict[str, str]:
    found = {name: f"(batch,) ids below {size}: 0 missing, 1 never seen" for name, size in categories.items()}
    return dict(sorted({**found, "numbers": f"(batch, {numbers}) raw numbers, NaN where missing"}.items()))


_LEGENDRE = "Legendre 1805, Nouvelles méthodes pour la détermination des orbites des comètes, appendix"
_COX = "Cox 1958, The regression analysis of binary sequences; many classes: Theil 1969"
_RUMELHART = "Rumelhart, Hinton and Williams 1986, Learning representations by back-propagating errors"
_GUO = "Guo and Berkhahn 2016, Entity embeddings of categorical variables; layers of fast.ai's tabular model"

ENTRIES = (
    _table("linear_regression", "regression", 17, "a weighted sum of a table's columns", _inputs(8), _LEGENDRE),
    _table(
        "softmax_regression",
        "regression",
        34,
        "logistic regression of two or more classes on a table's columns",
        _inputs(8),
        _COX,
        _CLASSES,
    ),
    _table(
        "mlp", "mlp", 3_201, "dense layers on a table's columns, categories as one-hot vectors", _inputs(8), _RUMELHART
    ),
    _table(
        "mlp_tiny",
        "mlp",
        489,
        "the same network for tests that run in milliseconds",
        _inputs(3, group=50),
        _RUMELHART,
        for_tests=True,
    ),
    _table(
        "entity_embedding",
        "entity_embedding",
        562_593,
        "categories as learnt vectors beside numbers, two dense layers: the network of store sales",
        _inputs(8, group=100, place=60),
        _GUO,
    ),
    _table(
        "entity_embedding_tiny",
        "entity_embedding",
        2_045,
        "the same network for tests that run in milliseconds",
        _inputs(3, group=50, place=60),
        _GUO,
        for_tests=True,
    ),
)

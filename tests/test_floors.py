"""The house stands: imports go down only, in no circle, and each room uses only what it may."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEAVES = {
    "zoo.errors",
    "zoo.lazy_array",
    "zoo.samples",
    "zoo.metrics",
    "zoo.costs",
    "zoo.files",
    "zoo.records",
    "zoo.keras_internals",
    "zoo.lazy_package",
    "zoo.standard_streams",
    "zoo.stacked_batches",
}
GROUND = {
    "zoo.prediction",
    "zoo.training",
    "zoo.sentinel",
    "zoo.inspection",
    "zoo.tracing",
    "zoo.report",
    "zoo.export",
    "zoo.artifacts",
    "zoo.catalogue",
    "zoo.columns",
    "zoo.poetry",
    "zoo.drawing",
    "zoo.pictures",
    "zoo.sounds",
    "zoo.volumes",
    "zoo.structures",
}
SECOND = {"zoo.models", "zoo.datasets", "zoo.weights", "zoo.pretrained"}
BELOW_TOP = (
    {
        "blocks",
        "zoo",
        "zoo.create",
        "zoo.classification",
        "zoo.conversion",
        "zoo.pipeline",
        "zoo.explain",
        "zoo.robustness",
        "zoo.tasks",
    }
    | LEAVES
    | GROUND
    | SECOND
)

# room -> the rooms that it may import beside itself; a module belongs to the longest name that it begins with
MAY_IMPORT: dict[str, set[str]] = {
    "blocks": set(),
    **dict.fromkeys(LEAVES, LEAVES),
    **dict.fromkeys(GROUND, LEAVES),
    **dict.fromkeys(("zoo.sentinel", "zoo.inspection"), {"zoo.tracing"} | LEAVES),
    "zoo.training": {"zoo.sentinel", "zoo.tracing", "zoo.pictures"} | LEAVES,
    "zoo.columns": {"zoo.pictures", "zoo.sounds", "zoo.volumes"} | LEAVES,
    "zoo.models": {"blocks", "zoo.errors", "zoo.catalogue", "zoo.lazy_package"},  # the list of its builders
    "zoo.datasets": {"zoo.artifacts", "zoo.columns", "zoo.pictures", "zoo.sounds", "zoo.volumes", "zoo.structures"}
    | LEAVES,
    "zoo.weights": {"zoo.artifacts"} | LEAVES,
    "zoo.pretrained": {"zoo.artifacts", "zoo.pictures"} | LEAVES,
    "zoo.create": {"blocks"} | LEAVES | GROUND | SECOND,
    # a model with the schema of its rows; of a model of the catalogue the weights are enough, and it is built anew
    "zoo.pipeline": {"zoo.columns", "zoo.pictures", "zoo.weights", "zoo.create", "zoo.catalogue"} | LEAVES,
    # it looks into models with what was learnt of their rows
    "zoo.explain": {"zoo.create", "zoo.pipeline"} | LEAVES | GROUND | SECOND,
    # it attacks models with or without a schema, and asks their gradients
    "zoo.robustness": {"zoo.columns", "zoo.pictures", "zoo.pipeline", "zoo.tracing"} | LEAVES,
    "zoo.classification": {"zoo.create", "zoo.pictures", "zoo.prediction", "zoo.pretrained"} | LEAVES,
    "zoo.conversion": {"zoo.create"} | LEAVES | GROUND | SECOND,  # it makes the model that it fills
    # a recipe makes the model that it trains
    "zoo.tasks": {"blocks", "zoo.create", "zoo.pipeline", "zoo.explain"} | LEAVES | GROUND | SECOND,
    "zoo.testing": {"blocks", "zoo.create"} | LEAVES | GROUND | SECOND,  # the contract of models, for whoever adds one
    "zoo": BELOW_TOP,  # the front door, zoo/__init__.py
    "zoo.terminal": BELOW_TOP,  # how the top floor speaks to a terminal
    "zoo.studio": BELOW_TOP | {"zoo.cli.options", "zoo.terminal"},
    "zoo.cli.options": {"zoo.errors"},
    "zoo.cli": BELOW_TOP | {"zoo.cli.options", "zoo.terminal", "zoo.studio"},
    "zoo.__main__": {"zoo.cli"},
    # an example may offer a command of the zoo
    "examples": BELOW_TOP | {"zoo.cli", "zoo.cli.options", "zoo.terminal"},
}
# room -> the packages that it may use beside the standard library; a room that is not named is free
PACKAGES = {
    "blocks": {"keras"},
    "zoo.models": {"keras"},
    "zoo.catalogue": set(),
    "zoo.errors": set(),
    "zoo.files": set(),
    "zoo.lazy_package": set(),
    "zoo.samples": {"numpy"},
    "zoo.columns": {"numpy"},  # pandas, and pyarrow of the extra "tables", are imported by name when first used
    "zoo.poetry": {"numpy"},
    "zoo.metrics": {"numpy"},
    "zoo.costs": {"numpy"},
}


def modules_of(root):
    """Module name -> file, for all of the house under `root`."""
    files = (path for top in ("blocks", "zoo", "examples") for path in sorted((root / top).rglob("*.py")))
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


class WithoutTypes(ast.NodeTransformer):
    """Drops the bodies of `if TYPE_CHECKING:`, which never run."""

    def visit_If(self, node):
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def imports_of(module, path, modules, *, for_types=True):
    """Names of the modules that this one imports, at the top or inside functions, perhaps for type checkers alone."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not for_types:
        tree = WithoutTypes().visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*parts, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{source}.{alias.name}" if f"{source}.{alias.name}" in modules else source


def room_of(module):
    """The room with the longest name that `module` begins with; "zoo" holds zoo/__init__.py alone."""
    rooms = [room for room in MAY_IMPORT if module == room or (module.startswith(f"{room}.") and room != "zoo")]
    return max(rooms, key=len, default=None)


def circle_in(graph):
    """The modules of one circle of imports, or an empty list."""
    done = set()

    def walk(module, path):
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        for target in sorted(graph[module]):
            found = walk(target, [*path, module])
            if found:
                return found
        done.add(module)
        return []

    return next((found for module in sorted(graph) if (found := walk(module, []))), [])


def faults_of(root):
    """What is wrong with the house under `root`, one sentence each."""
    modules = modules_of(root)
    faults, graph = [], {}
    for module, path in modules.items():
        room = room_of(module)
        if room is None:
            faults.append(f"{module} stands in no room: give it a place in MAY_IMPORT.")
            continue
        imports = set(imports_of(module, path, modules))
        running = imports_of(module, path, modules, for_types=False)
        graph[module] = {name for name in running if name in modules and name != module}
        for name in sorted(imports):
            package = name.partition(".")[0]
            if package in ("blocks", "zoo", "examples"):
                if room_of(name) not in MAY_IMPORT[room] | {room}:
                    faults.append(f"{module} imports {name}, which is not below it.")
            elif package not in sys.stdlib_module_names and package not in PACKAGES.get(room, {package}):
                faults.append(f"{module} imports {name}; {room} may use {sorted(PACKAGES[room]) or 'no package'}.")
    circle = circle_in({module: targets & graph.keys() for module, targets in graph.items()})
    return faults + ([f"A circle of imports: {' -> '.join([*circle, circle[0]])}."] if circle else [])


def test_imports_go_down_only_and_in_no_circle():
    modules = modules_of(ROOT)
    assert {"blocks.text", "zoo.models.author_profile", "zoo.catalogue", "examples.sequential_twin"} <= modules.keys()
    assert faults_of(ROOT) == []


def named_tasks(path, names):
    """Where a module asks which task there is: TASKS["tables"], task.name == "texts"."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names_it = isinstance(node, ast.Compare) and ast.unparse(node.left).endswith(("task", ".name"))
        asked = node.comparators if names_it else []
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("TASKS"):
            asked = [node.slice]
        yield from (ast.unparse(node) for each in asked if isinstance(each, ast.Constant) and each.value in names)


def test_nothing_branches_on_the_name_of_a_task():
    calls = [
        node
        for path in (ROOT / "zoo" / "tasks").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Task"
    ]
    names = {word.value.value for call in calls for word in call.keywords if word.arg == "name"}
    assert {"tables", "texts"} < names
    assert {
        module: [*named_tasks(path, names)] for module, path in modules_of(ROOT).items() if [*named_tasks(path, names)]
    } == {}


SOUND = {
    "blocks/__init__.py": "from blocks.text import embed",
    "blocks/text.py": "import keras",
    "zoo/__init__.py": "from zoo.create import create_model",
    "zoo/errors.py": "import difflib",
    "zoo/catalogue.py": "from zoo.errors import ZooError",
    "zoo/training/__init__.py": "from .fit import fit",
    "zoo/training/fit.py": "import numpy\nfrom zoo import samples",
    "zoo/samples.py": "import numpy\nfrom zoo.errors import ZooError",
    "zoo/metrics.py": "from zoo.files import x",
    "zoo/files.py": "if TYPE_CHECKING:\n    from zoo.metrics import x",  # a circle that never runs
    "zoo/models/profile.py": "from blocks import embed",
    "zoo/create.py": "from zoo import catalogue, errors",
    "examples/one.py": "import zoo\nfrom blocks import embed",
}


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        ("blocks/text.py", "from zoo.errors import ZooError", "blocks.text imports zoo.errors, which is not below it."),
        ("blocks/text.py", "import numpy", "blocks.text imports numpy; blocks may use ['keras']."),
        ("blocks/text.py", "import tensorflow.nn", "blocks.text imports tensorflow.nn; blocks may use ['keras']."),
        ("zoo/catalogue.py", "import keras", "zoo.catalogue imports keras; zoo.catalogue may use no package."),
        ("zoo/training/fit.py", "import zoo", "zoo.training.fit imports zoo, which is not below it."),
        (
            "zoo/training/fit.py",
            "from zoo import catalogue",
            "zoo.training.fit imports zoo.catalogue, which is not below it.",
        ),
        (
            "zoo/training/fit.py",
            "from ..catalogue import x",
            "zoo.training.fit imports zoo.catalogue, which is not below it.",
        ),
        (
            "zoo/models/profile.py",
            "def f():\n    import zoo.create",
            "zoo.models.profile imports zoo.create, which is not below it.",
        ),
        (
            "zoo/models/profile.py",
            "from zoo.samples import x",
            "zoo.models.profile imports zoo.samples, which is not below it.",
        ),
        ("zoo/create.py", "from examples import one", "zoo.create imports examples.one, which is not below it."),
        (
            "zoo/training/fit.py",
            "if TYPE_CHECKING:\n    import zoo.create",
            "zoo.training.fit imports zoo.create, which is not below it.",
        ),
        ("zoo/attic.py", "", "zoo.attic stands in no room: give it a place in MAY_IMPORT."),
        ("blocks/text.py", "import blocks", "A circle of imports: blocks -> blocks.text -> blocks."),
        ("zoo/errors.py", "from zoo.samples import x", "A circle of imports: zoo.errors -> zoo.samples -> zoo.errors."),
    ],
)
def test_a_wrong_import_is_found(tmp_path, path, text, fault):
    for name, content in (SOUND | {path: text}).items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    assert fault in faults_of(tmp_path)


def test_a_sound_house_has_no_fault(tmp_path):
    for name, content in SOUND.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    assert faults_of(tmp_path) == []

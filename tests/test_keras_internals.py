"""Private names of Keras stand behind one door, `zoo.keras_internals`; each is checked and says when it is gone."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOOR = "zoo/keras_internals"
OF_NAMED_TUPLES = {"_replace", "_asdict", "_fields", "_make"}
PRIVATE_MODULES = ("keras.src", "keras._tf_keras", "keras.api")
PROBES = {"getattr", "hasattr", "setattr", "delattr"}


def is_private(name):
    """Whether it has one leading underscore, and not two."""
    return name.startswith("_") and not name.startswith("__") and name != "_"


def own_names(tree):
    """Private names that a module or class gives itself: functions, methods, class attributes, `self._name = ...`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in (each for given in targets for each in ast.walk(given)):
                if isinstance(target, ast.Name):
                    names.add(target.id)
                elif isinstance(target, ast.Attribute) and ast.unparse(target.value) in ("self", "cls"):
                    names.add(target.attr)
    return {name for name in names if is_private(name)}


def bases_of_classes(trees):
    """Name of a class of the zoo -> its node."""
    return {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def is_of_keras(kind, classes):
    """Whether a class descends, over classes of the zoo, from one that the zoo does not define but Keras does."""
    for base in kind.bases:
        text = ast.unparse(base)
        if text.startswith(("keras.", "layers.", "optimizers.")) or text == "kind":
            return True
        if text in classes and classes[text] is not kind and is_of_keras(classes[text], classes):
            return True
    return False


def private_uses(path, tree, classes, keras_names):
    """Sentences on each private name of Keras that a module uses."""
    own = own_names(tree)
    for node in ast.walk(tree):
        place = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"{place} imports {each}" for each in modules if each.startswith(PRIVATE_MODULES))
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own | OF_NAMED_TUPLES:
            yield f"{place} uses {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in PROBES and len(node.args) > 1:
            name = node.args[1]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and is_private(name.value):
                yield f"{place} probes for {name.value}"
        elif isinstance(node, ast.ClassDef) and is_of_keras(node, classes):
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and is_private(each.name) and each.name in keras_names:
                    yield f"{path}:{each.lineno} overrides {node.name}.{each.name}"

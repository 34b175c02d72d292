"""Finds private names of Keras in source text: attributes, probes, hooks that are overridden, modules, class names."""

import ast
from dataclasses import dataclass

import keras

OF_NAMED_TUPLES = {"_replace", "_asdict", "_fields", "_make"}
MODULES = ("keras.src", "keras.api", "keras._tf_keras")
PROBES = ("getattr", "hasattr", "setattr", "delattr")
BASES = (keras.Model, keras.Layer, keras.Variable, keras.Metric, keras.optimizers.Optimizer, keras.callbacks.Callback)


def is_private(name):
    """Whether it has one leading underscore and not two."""
    return name.startswith("_") and not name.startswith("__") and name != "_"


def own_names(tree):
    """Private names that source text defines itself: functions, classes, class attributes, `self._name = ...`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            names.add(node.attr)
    return set(filter(is_private, names))


def sets_of_text(tree):
    """Name of a constant of the module -> the words in it."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Set | ast.Tuple | ast.List):
            words = {each.value for each in node.value.elts if isinstance(each, ast.Constant)}
            found |= {target.id: words for target in node.targets if isinstance(target, ast.Name)}
    return found


@dataclass
class Sources:
    """Source texts by path, and the classes in all of them by name."""

    trees: dict
    classes: dict

    @classmethod
    def of(cls, texts):
        trees = {path: ast.parse(text) for path, text in texts.items()}
        nodes = (node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
        return cls(trees, {node.name: node for node in nodes})

    def bases(self, kind):
        """The classes of Keras that a class may descend from, over classes of the sources."""
        for base in kind.bases:
            name = ast.unparse(base).partition("[")[0]
            if name in self.classes and self.classes[name] is not kind:
                yield from self.bases(self.classes[name])
            elif name.startswith(("keras.", "layers.", "optimizers.", "callbacks.")):
                found = keras
                for part in name.removeprefix("keras.").split("."):
                    found = getattr(found, part)
                yield found
            elif name.islower():  # `kind`: any class at all
                yield from BASES

    def inherited(self, kind):
        """Private names that a class has from classes of the sources."""
        for base in map(ast.unparse, kind.bases):
            if base in self.classes and self.classes[base] is not kind:
                yield from own_names(self.classes[base])
                yield from self.inherited(self.classes[base])

    def faults(self):
        """A sentence on each private name of Keras that is used."""
        for path, tree in self.trees.items():
            kinds = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
            own = own_names(tree).union(OF_NAMED_TUPLES, *map(self.inherited, kinds))
            texts = sets_of_text(tree)
            for node in ast.walk(tree):
                for fault in (*_names(node, own), *_class_names(node, texts)):
                    yield f"{path} {fault}"
            for kind in kinds:
                names = [each.name for each in kind.body if isinstance(each, ast.FunctionDef) and is_private(each.name)]
                hooks = {name for name in names for base in self.bases(kind) if hasattr(base, name)}
                yield from (f"{path} overrides {kind.name}.{name}" for name in sorted(hooks))


def _names(node, own):
    """Modules, attributes and probes in one piece of source text."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        yield from (f"imports {each}" for each in modules if each.startswith(MODULES))
    elif isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
        yield f"uses {ast.unparse(node)}"
    words = []
    if isinstance(node, ast.Call) and ast.unparse(node.func) in PROBES:
        words = node.args[1:2]
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value).startswith(("vars(", "self.__dict__")):
        words = [node.slice]
    for word in words:
        if isinstance(word, ast.Constant) and is_private(str(word.value)) and word.value not in own:
            yield f"probes for {word.value}"


def _class_names(node, texts):
    """Names of classes, compared as text, that are no layers which Keras promises."""
    if not isinstance(node, ast.Compare):
        return
    sides = [node.left, *node.comparators]
    if any(ast.unparse(side).endswith(").__name__") for side in sides):
        words = {each.value for side in sides for each in ast.walk(side) if isinstance(each, ast.Constant)}
        words = words.union(*(texts.get(side.id, ()) for side in sides if isinstance(side, ast.Name)))
        yield from (f"compares the name of a class with {word}" for word in words if not hasattr(keras.layers, word))

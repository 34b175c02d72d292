"""Packages that import nothing before it is used: their public names, and their modules as attributes.

make_lazy("zoo", {"create_model": "zoo.create"})    # zoo.create_model, and zoo.create too
"""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from zoo.errors import nearest


class LazyPackage(ModuleType):
    """A package that finds each of its public names in the module that `homes` says, when it is first asked for.

    A public name hides a module of the same name: `zoo.models.mlp` is the builder, also after
    `import zoo.models.mlp`. `dir` lists the public names and nothing else.
    """

    homes: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        if name in self.homes:
            return getattr(importlib.import_module(self.homes[name]), name)
        if name.startswith("_"):
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")
        is_module = importlib.util.find_spec(f"{self.__name__}.{name}") is not None
        if is_module and not _asked_by_import():
            return importlib.import_module(f"{self.__name__}.{name}")
        rooms = [found.name for found in pkgutil.iter_modules(self.__path__) if found.ispkg]
        guess = None if is_module else nearest(name, [*self.homes, *rooms])
        hint = f"; did you mean '{guess}'?" if guess else ""
        if not is_module and _asked_by_import():
            raise ImportError(f"cannot import name '{name}' from '{self.__name__}'{hint}", name=self.__name__)
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'{hint}")

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.homes or not isinstance(value, ModuleType):  # an import sets each module on its package
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted(self.homes)


def make_lazy(package: str, homes: Mapping[str, str]) -> None:
    """Make the package, while it is imported, a `LazyPackage` with these public names: name -> module that holds it."""
    module = sys.modules[package]
    module.__dict__["homes"] = homes
    module.__class__ = LazyPackage


def _asked_by_import() -> bool:
    """Whether the attribute is asked for by `from package import name`, which hides what an `AttributeError` says."""
    return sys._getframe(2).f_code.co_name == "_handle_fromlist"

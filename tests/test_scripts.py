"""Benchmarks, tools and examples name only what the zoo and its blocks have: nothing else runs most of them."""

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(path for room in ("benchmarks", "tools", "examples") for path in (ROOT / room).rglob("*.py"))


def imported_names(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"zoo", "blocks"}:
            yield from ((node.module, alias.name) for alias in node.names)


def exists(module: str, name: str) -> bool:
    if hasattr(importlib.import_module(module), name):
        return True
    try:
        return importlib.util.find_spec(f"{module}.{name}") is not None
    except ModuleNotFoundError:  # the module is no package
        return False


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_imports_names_that_exist(path):
    assert [name for name in imported_names(path) if not exists(*name)] == []


def test_a_name_that_has_moved_is_found_missing():
    assert not exists("zoo.tasks.joint", "PRETRAINED")
    assert exists("zoo.tasks", "joint")

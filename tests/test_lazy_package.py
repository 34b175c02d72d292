"""`import zoo` and `import zoo.models`: all public names can be had, none is imported before, `dir` shows no others."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from zoo import catalogue, models
from zoo.models import mlp, resnet, resnet50

ROOT = Path(__file__).resolve().parents[1]
FRAMEWORKS = {"keras", "tensorflow", "jax", "torch", "numpy", "h5py", "rich"}


def run_python(code):
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("package", ["zoo", "zoo.models"])
def test_importing_a_lazy_package_imports_no_framework(package):
    assert not set(run_python(f"import sys, {package}; dir({package}); print(*sys.modules)").split()) & FRAMEWORKS


def test_dir_shows_the_public_names_and_nothing_of_how_they_are_loaded():
    assert dir(zoo) == sorted(zoo.__all__)
    assert {"create_model", "fit", "train", "evaluate", "load_dataset", "Head", "Recipe", "decode"} <= set(dir(zoo))
    assert not {"importlib", "Any", "TYPE_CHECKING", "make_lazy"} & set(dir(zoo))
    assert all(getattr(zoo, name) for name in dir(zoo))


def test_type_checkers_are_told_of_the_names_that_can_be_had():
    """The imports for type checkers name each public name, from the module in which it is looked up."""
    (block,) = (node for node in ast.parse(inspect.getsource(zoo)).body if isinstance(node, ast.If))
    told = {alias.name: node.module for node in block.body for alias in node.names if node.module != "zoo"}
    assert told == zoo.homes


def test_every_builder_of_the_catalogue_can_be_imported_from_models():
    assert dir(models) == sorted(catalogue.ENTRIES)
    for name in dir(models):
        module = importlib.import_module(catalogue.ENTRIES[name].builder.partition(":")[0])
        assert callable(getattr(models, name))
        assert getattr(models, name) is getattr(module, name)
    assert resnet50.name == "resnet50"


def test_a_builder_hides_its_module_whatever_was_imported_first():
    assert importlib.import_module("zoo.models.mlp").mlp is mlp is models.mlp
    first, later = "import zoo.models.mlp", "from zoo.models import mlp; print(callable(mlp))"
    assert run_python(f"{first}; {later}").strip() == "True"
    assert inspect.ismodule(resnet)  # a module with no builder of its name


@pytest.mark.parametrize("room", ["datasets", "models", "training", "tasks", "weights"])
def test_packages_of_the_zoo_are_attributes_of_it(room):
    assert run_python(f"import zoo; print(zoo.{room}.__name__)").strip() == f"zoo.{room}"


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        (
            "zoo.creat_model",
            AttributeError,
            "module 'zoo' has no attribute 'creat_model'; did you mean 'create_model'?",
        ),
        ("zoo.trainin", AttributeError, "module 'zoo' has no attribute 'trainin'; did you mean 'training'?"),
        ("zoo.xyzzy", AttributeError, "module 'zoo' has no attribute 'xyzzy'"),
        ("from zoo import lod_dataset", ImportError, "cannot import name 'lod_dataset' from 'zoo'; did you mean"),
        (
            "from zoo.models import resnet5",
            ImportError,
            "cannot import name 'resnet5' from 'zoo.models'; did you mean 'resnet50'?",
        ),
        ("zoo.models.mpl", AttributeError, "has no attribute 'mpl'; did you mean 'mlp'?"),
    ],
)
def test_a_misspelt_name_is_told_the_nearest_right_one(statement, error, message):
    with pytest.raises(error) as raised:
        exec(statement)
    assert message in str(raised.value)


def test_private_names_are_refused_and_asking_is_harmless():
    assert not hasattr(zoo, "_nothing")
    assert not hasattr(models, "resnet5")

"""Tasks: what the zoo's models are trained for, one file each, and the verbs: train, evaluate, inspect, find a rate.

from zoo.tasks import evaluate, train
trained, report = train("author_profile_small", "posts", folder="runs/first")
trained.predict({"posts": ["My grandchildren came to see us."]})

trained, report = train("mlp", "adult", folder="runs/income")
zoo.load_pipeline("runs/income").predict(frame)  # a DataFrame
"""

from importlib import import_module
from pkgutil import iter_modules

from zoo.pipeline import Pipeline, load_pipeline
from zoo.tasks import image_pairs, joint, pairs, pictures, poems, questions, sounds, structures, tables, texts, volumes
from zoo.tasks.evaluation import evaluate
from zoo.tasks.imbalance_and_costs import read_costs, read_plans
from zoo.tasks.inspection import inspect
from zoo.tasks.rates import find_rate
from zoo.tasks.reading import Reading, ask
from zoo.tasks.settings import Settings
from zoo.tasks.showing import show_batch
from zoo.tasks.tables import load_table
from zoo.tasks.task import TASKS, Task, list_datasets, load_dataset, recipe_for, register, task_of
from zoo.tasks.verbs import train

# `load_dataset` asks these first, in this order; a file of this package with a `TASK` needs no row here. All files are
# imported for it: none may need an optional package at its top.
FIRST = ("texts", "tables", "pairs", "questions", "poems", "pictures", "sounds", "volumes", "joint", "image_pairs")

for _module in dict.fromkeys((*FIRST, *(each.name for each in iter_modules(__path__)))):
    if _task := getattr(import_module(f"{__name__}.{_module}"), "TASK", None):
        register(_task)

__all__ = [
    "TASKS",
    "Pipeline",
    "Reading",
    "Settings",
    "Task",
    "ask",
    "evaluate",
    "find_rate",
    "image_pairs",
    "inspect",
    "joint",
    "list_datasets",
    "load_dataset",
    "load_pipeline",
    "load_table",
    "pairs",
    "pictures",
    "poems",
    "questions",
    "read_costs",
    "read_plans",
    "recipe_for",
    "register",
    "show_batch",
    "sounds",
    "structures",
    "tables",
    "task_of",
    "texts",
    "train",
    "volumes",
]

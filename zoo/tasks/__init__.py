"""Tasks: what the zoo's models are trained for, one file each, and the verbs: train, evaluate, inspect, find a rate.

from zoo.tasks import evaluate, train
trained, report = train("author_profile_small", "posts", folder="runs/first")
trained.predict({"posts": ["My grandchildren came to see us."]})

trained, report = train("mlp", "adult", folder="runs/income")
zoo.load_pipeline("runs/income").predict(frame)  # a DataFrame
"""

from zoo.tasks import texts, tables, pairs, poems, questions, pictures, sounds, volumes, joint, image_pairs, structures  # isort: skip  (`load_dataset` asks them in this order)
from zoo.pipeline import Pipeline, load_pipeline
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

for _task in (
    texts.TASK,
    tables.TASK,
    pairs.TASK,
    questions.TASK,
    poems.TASK,
    pictures.TASK,
    sounds.TASK,
    volumes.TASK,
    joint.TASK,
    image_pairs.TASK,
    structures.TASK,
):  # one row a task
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

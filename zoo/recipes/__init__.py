"""Recipes: how entries are trained, and the verbs that use them: train, evaluate, and answer for new texts or rows.

from zoo.recipes import load_trained, train
trained, report = train("author_profile_small", "posts", folder="runs/first")
load_trained("runs/first").answer(["My grandchildren came to see us."])

trained, report = train("mlp", "adult", folder="runs/income")
load_trained("runs/income").predict(frame)  # a DataFrame
"""

from zoo.recipes.families import load_trained
from zoo.recipes.imbalance_and_costs import read_costs, read_plans
from zoo.recipes.inspection import inspect
from zoo.recipes.rates import find_rate
from zoo.recipes.trained import Answer, ClassAnswer, NumberAnswer, Trained
from zoo.recipes.trained_questions import Reading, TrainedQuestions
from zoo.recipes.trained_table import TrainedTable
from zoo.recipes.verbs import evaluate, train

__all__ = [
    "Answer",
    "ClassAnswer",
    "NumberAnswer",
    "Reading",
    "Trained",
    "TrainedQuestions",
    "TrainedTable",
    "evaluate",
    "find_rate",
    "inspect",
    "load_trained",
    "read_costs",
    "read_plans",
    "train",
]

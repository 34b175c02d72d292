"""Recipes: one file an entry, and the verbs that use them: train, evaluate, and answer for new texts.

from zoo.recipes import load_trained, train
trained, report = train("author_profile_small", "posts", folder="runs/first")
load_trained("runs/first").answer(["My grandchildren came to see us."])
"""

from zoo.recipes.trained import Answer, ClassAnswer, NumberAnswer, Trained, load_trained
from zoo.recipes.verbs import evaluate, train

__all__ = ["Answer", "ClassAnswer", "NumberAnswer", "Trained", "evaluate", "load_trained", "train"]

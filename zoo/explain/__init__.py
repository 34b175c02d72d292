"""Why a model says so: explanations of pictures, texts, tables and several senses, and whether they are right.

found = zoo.explain(model, sample)
print(found)
found.save("why.png")
"""

from zoo.explain.explain import explain
from zoo.explain.explanation import Explanation
from zoo.explain.methods import METHODS

__all__ = ["METHODS", "Explanation", "explain"]

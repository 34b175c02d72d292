"""Private names of Keras, all behind one door: the rest of the zoo uses what Keras promises, and this.

Each name is checked when it is first used, so that a Keras that drops it ends in one sentence which says so, and not in
wrong numbers. `graph`: calls in the graph of a model; `trainer`: what `fit` keeps for itself; `optimiser`: parts and
hooks of optimisers; `variables`: models without values; `state`: what Keras keeps for the whole process.
"""

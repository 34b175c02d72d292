"""The contract that every model of the catalogue keeps, as a function: whoever adds a model calls it in a test.

from zoo.testing import check_model

def test_my_model_keeps_the_contract():
    check_model("my_model_tiny")
"""

from zoo.testing.contract import CHECKS, Check, ContractError, check_model
from zoo.testing.subject import Subject, fingerprint_of, weighted_layers

__all__ = ["CHECKS", "Check", "ContractError", "Subject", "check_model", "fingerprint_of", "weighted_layers"]

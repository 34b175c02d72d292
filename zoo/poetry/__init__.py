"""Writing verse with any language model: forms, rhyme and tones as masks before every draw, and going back.

    plan = make_plan(Constraints(Form.parse("7x4"), rhyme="on", acrostic="春江花月"), language, pingshui())
    write(plan, language, count=10, settings=Settings(seed=1, temperature=0.9)).poems

`Language` is a vocabulary and a step function: this room knows no model.
"""

from zoo.poetry.constraints import Constraints
from zoo.poetry.decoding import Settings, Written, write
from zoo.poetry.forms import Form
from zoo.poetry.judge import common_rhymes, in_form, is_regulated, rhymes
from zoo.poetry.language import Language, Memory
from zoo.poetry.novelty import Corpus, distinct_pairs
from zoo.poetry.plan import Plan, make_plan
from zoo.poetry.prosody import Prosody, pingshui

__all__ = [
    "Constraints",
    "Corpus",
    "Form",
    "Language",
    "Memory",
    "Plan",
    "Prosody",
    "Settings",
    "Written",
    "common_rhymes",
    "distinct_pairs",
    "in_form",
    "is_regulated",
    "make_plan",
    "pingshui",
    "rhymes",
    "write",
]

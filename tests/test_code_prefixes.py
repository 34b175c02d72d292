"""What codes begin with is a category too: rare and new ones are known by those near to them."""

import json

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.columns import Schema
from zoo.errors import ConfigError, DataError
from zoo.pipeline.checks import require_vocabularies

CODES = ["93446", "93446", "93420", "93421", "01234", "01299", None]


def learnt(codes=CODES, **options):
    frame = pd.DataFrame({"code": codes, "y": np.arange(len(codes), dtype=float)})
    return Schema.fit(
        frame, targets={"y": "regression"}, types={"code": "category"}, options={"code": {"prefixes": [3], **options}}
    )


def ids(schema, codes):
    found = schema.encode(pd.DataFrame({"code": codes}), targets=False).inputs
    return {name: values.tolist() for name, values in found.items()}


def test_a_rare_code_has_the_id_of_its_beginning():
    schema = learnt(min_count=2)
    assert schema.column("code").begun == (("012", "934"),)
    assert ids(schema, CODES) == {"code": [2, 2, 1, 1, 1, 1, 0], "code_first3": [3, 3, 3, 3, 2, 2, 0]}


def test_a_code_that_training_had_not_is_known_by_its_beginning():
    assert ids(learnt(), ["93499", "55555"]) == {"code": [1, 1], "code_first3": [3, 1]}


def test_numbers_that_lost_their_first_zero_begin_as_the_codes_do():
    as_texts, as_numbers = learnt(), learnt([93446, 93446, 93420, 93421, 1234, 1299, 1299])
    assert ids(as_texts, [1234, 1277, 93499])["code_first3"] == [2, 2, 3]
    assert ids(as_numbers, [1277, 93499])["code_first3"] == [2, 3]


def test_texts_of_several_lengths_stay_as_they_are():
    schema = learnt(["11", "1112", "1113", "2211", "2212", "11", "22"])
    assert schema.column("code").begun == (("11", "111", "221"),)


def test_without_prefixes_a_category_is_one_input():
    schema = Schema.fit(pd.DataFrame({"code": CODES, "y": 1.0 + np.arange(7)}), targets={"y": "regression"})
    assert list(schema.inputs) == ["code"]


def test_a_saved_schema_reads_codes_alike():
    schema = learnt()
    again = Schema.from_json(json.loads(json.dumps(schema.to_json())))
    assert again == schema
    assert ids(again, CODES) == ids(schema, CODES)


@pytest.mark.parametrize("entry", ["mlp", "entity_embedding", "joint"])
def test_models_of_tables_read_both(entry):
    schema = learnt()
    senses = {"texts": {}, "pictures": {}} if entry == "joint" else {}
    model = zoo.create_model(entry, **schema.model_config(), **senses)
    assert [each.name for each in model.inputs] == ["code", "code_first3"]
    require_vocabularies(schema, model)


def test_a_model_that_knows_fewer_beginnings_is_refused():
    model = zoo.create_model("mlp", **learnt().model_config())
    more = learnt([*CODES, "77711", "77722"], min_count=9)
    with pytest.raises(DataError, match="ids of 'code_first3'; the schema has 5 of 'code'"):
        require_vocabularies(more, model)


@pytest.mark.parametrize("prefixes", [[0], ["3"], [3, 3], [True], 2.5])
def test_other_lengths_are_refused(prefixes):
    with pytest.raises(ConfigError, match="'prefixes' of 'code' must be different numbers of characters"):
        learnt(prefixes=prefixes)

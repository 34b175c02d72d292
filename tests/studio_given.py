"""What a user of the studio gives."""

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("multipart")
from tests.studio_server import png


def given(user, token, address, content=None, name="a.png"):
    return user.post(f"{address}/samples", files={"file:photo": (name, png() if content is None else content)},
                     headers=token)  # fmt: skip

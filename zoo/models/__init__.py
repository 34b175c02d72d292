"""Builders: functions that compose blocks into an uncompiled `keras.Model`.

from zoo.models import resnet50                  # any builder of the catalogue; its module is imported only now
model = resnet50(classes=37)
"""

from typing import TYPE_CHECKING

from zoo.catalogue import ENTRIES
from zoo.lazy_package import make_lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    def __getattr__(name: str) -> Callable[..., keras.Model]: ...


make_lazy(__name__, {name: entry.builder.partition(":")[0] for name, entry in ENTRIES.items()})

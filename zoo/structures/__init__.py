"""Small structures in volumes: their maps, the search for them, how well they were found."""

from zoo.structures.froc import Froc, froc_of, sensitivity_at
from zoo.structures.maps import centre_map, radius_map
from zoo.structures.search import find_structures
from zoo.structures.structure import Structure
from zoo.structures.suppression import peaks, suppress_near

__all__ = [
    "Froc",
    "Structure",
    "centre_map",
    "find_structures",
    "froc_of",
    "peaks",
    "radius_map",
    "sensitivity_at",
    "suppress_near",
]

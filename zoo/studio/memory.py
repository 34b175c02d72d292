"""Memory that the studio no longer uses goes back to the machine.

glibc keeps freed blocks of up to 32 MB for later requests from the same arena (mallopt(3), M_MMAP_THRESHOLD), of which
its threads have several. The tensors of a batch of 32 pictures are of 26 MB and less: after explanations and attacks
each arena keeps some of them, two at a time, and the server seems to grow, though nothing of Python's is left over.
"""

import ctypes
from collections.abc import Callable
from functools import cache


def return_free_memory() -> bool:
    """Give all free blocks of C's allocator back, from within every arena; whether there were any.

    False as well where the C library has no `malloc_trim` (macOS, Windows, musl), which needs none of this.
    """
    trim = _malloc_trim()
    return trim is not None and bool(trim(0))


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        found = ctypes.CDLL(None).malloc_trim  # without the GIL: others are answered meanwhile
    except (AttributeError, OSError, TypeError):  # TypeError: Windows has no library without a name
        return None
    found.argtypes, found.restype = [ctypes.c_size_t], ctypes.c_int
    return found

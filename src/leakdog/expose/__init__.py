"""Serve a Python program's heap as a pprof profile: one call, standard library only.

    from leakdog.expose import expose
    expose(port=6061)

Then `go tool pprof http://127.0.0.1:6061/debug/pprof/heap` works, and leakdog can watch the program.
"""

from leakdog.expose.heap import heap_profile
from leakdog.expose.server import Exposed, expose

__all__ = ["Exposed", "expose", "heap_profile"]

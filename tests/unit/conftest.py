"""What all unit tests have in common."""

from hypothesis import settings

# A busy machine is not a failure.
settings.register_profile("leakdog", deadline=None)
settings.load_profile("leakdog")

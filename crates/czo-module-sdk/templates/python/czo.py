"""What modules need of czo: failures."""

from componentize_py_types import Err
from wit_world.imports import log
from wit_world.imports.types import (
    Failure_Broken,
    Failure_Invalid,
    Failure_NotFound,
    Failure_Retry,
    HostError_Unavailable,
)

FAILURES = (Failure_Broken, Failure_Invalid, Failure_NotFound, Failure_Retry)


def handler(handle):
    """A handler whose exceptions become failures.

    Without it, an exception that nobody catches ends the call, and not even its message is left.
    """

    def handled(self, argument):
        try:
            return handle(self, argument)
        except Err as error:
            raise Err(failure_of(error.value)) from error
        except Exception as error:
            log.write(log.Level.ERROR, repr(error), [("at", place_of(error))])
            raise Err(Failure_Broken(repr(error))) from error

    return handled


def failure_of(value):
    """What the server can't do just now is tried again; what it refuses is the module's fault."""
    if isinstance(value, FAILURES):
        return value
    kind = Failure_Retry if isinstance(value, HostError_Unavailable) else Failure_Broken
    return kind(value.value)


def place_of(error):
    """Where it was raised. The module `traceback` would look for the sources, which are not there."""
    at = error.__traceback__
    while at.tb_next is not None:
        at = at.tb_next
    return f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}"

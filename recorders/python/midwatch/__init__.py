"""Records what runs when nobody looks, for Midwatch. Import `midwatch.celery` to turn it on."""

from .audit import audit, guard
from .link import link
from .logs import log_from
from .recorder import recorder

__all__ = ["audit", "configure", "guard", "link", "log_from"]
__version__ = "0.1.0"


def configure(**settings):
    """Sets what the environment does not: service, environment, release, spool, arguments, …

    An unknown name or value raises ValueError with a suggestion, here and nowhere later.
    """
    recorder.configure(**settings)

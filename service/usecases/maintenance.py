"""What puts things right again after a crash, now and then, in every api process."""

from service.usecases.context import Context
from service.usecases.embedding import finish_switches, start_pending
from service.usecases.fitting import catch_up
from service.usecases.jobs import ensure_first_encoder, reconcile


def tidy(context: Context) -> None:
    """Find what was lost: jobs, messages, embeddings, switches of encoders, classifier versions.

    Safe to run in any number of processes at once: each change is guarded in the database.
    """
    ensure_first_encoder(context)
    reconcile(context)
    start_pending(context)
    finish_switches(context)
    catch_up(context)

"""What puts things right again after a crash, now and then, in every api process."""

from datetime import timedelta

from service.domain.entities import now
from service.usecases.context import Context
from service.usecases.embedding import finish_switches, start_pending
from service.usecases.fitting import catch_up
from service.usecases.importing import drop_old_exports
from service.usecases.indexing import drop_old, forget_damaged, forget_what_went, request_due
from service.usecases.intake import drop_unused
from service.usecases.jobs import ensure_encoder, reconcile
from service.usecases.pretraining import drop_runs
from service.usecases.uploads import drop_stale_uploads

GRACE = timedelta(hours=1)


def tidy(context: Context) -> None:
    """Find what was lost: jobs, messages, embeddings, switches of encoders, classifier versions.

    Safe to run in any number of processes at once: each change is guarded in the database.
    """
    ensure_encoder(context)
    reconcile(context)
    start_pending(context)
    finish_switches(context)
    catch_up(context)
    forget_damaged(context)
    request_due(context)


def collect_garbage(context: Context) -> None:
    """Drop files of uploads that were cut off before the database, finished pretrainings and
    exports, and uploads that nobody went on with.

    Writing a file again makes it young: only what has been unneeded for an hour goes.
    """
    drop_unused(context, context.images.contents_before(now() - GRACE))
    drop_runs(context)
    drop_stale_uploads(context)
    drop_old_exports(context)
    drop_old(context)
    forget_what_went(context)

"""Which encoders callers may name: any of a hub, of this machine's files only those allowed."""

import re

from service.domain.errors import Invalid
from service.interchange import SourceError
from service.interchange.roots import allowed_path
from service.settings import Settings

# A model on the hub, with or without its owner, or of timm: no path that leads anywhere.
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def require_allowed(settings: Settings, spec: str) -> None:
    """Raise Invalid where holders of the key would have the service read any file it can.

    Without a key they are this machine's own users, and what the settings name was chosen by
    whoever runs the service.
    """
    path = path_in(spec)
    if path is None or spec == settings.encoder or settings.resolve_key() is None:
        return
    try:
        allowed_path(path, settings.roots)
    except SourceError as error:
        raise Invalid("encoder-not-allowed", f"{error}.") from error


def path_in(spec: str) -> str | None:
    """What of an encoder's spec may be a path on this machine, if anything."""
    kind, _, rest = spec.partition(":")
    if spec == "auto" or (kind in ("hf", "timm") and _NAME.fullmatch(rest)):
        return None
    if kind not in ("hf", "msn", "timm"):
        return spec
    name, sign, file = rest.partition("=")
    return file if sign and _NAME.fullmatch(name) else rest

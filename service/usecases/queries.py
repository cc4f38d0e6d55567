"""Files that are asked about, and not kept."""

from collections.abc import Iterable

import numpy as np

from models.features import Features
from models.images import ImageRejected
from service.domain.entities import Rejected, Upload
from service.domain.errors import NoUsableFile
from service.usecases.context import Context
from service.usecases.intake import decode_upload, safe_name


def embed_files(
    context: Context, encoder_id: str, uploads: Iterable[Upload]
) -> tuple[list[str], Features, list[Rejected]]:
    """Names and raw features (n, dimension) of the usable files, in order, and the others.

    Raises NoUsableFile where none is usable.
    """
    encoder = context.encoders.get(encoder_id)
    side = encoder.manifest.transform.decoded_side
    names, features, rejected = list[str](), list[Features](), list[Rejected]()
    for upload in uploads:
        name = safe_name(upload.filename)
        try:
            image = decode_upload(context, upload.data, side).image
        except ImageRejected as rejection:
            rejected.append(Rejected(name, rejection.code, rejection.message))
            continue
        names.append(name)
        features.append(encoder.embed([image])[0])
    if not names:
        raise NoUsableFile(rejected)
    return names, np.stack(features), rejected

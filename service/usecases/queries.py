"""Files that are asked about, and not kept."""

from collections.abc import Iterable

import numpy as np

from models.features import Features
from models.images import ImageRejected
from models.transforms import evaluation_crop
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
    transform = encoder.manifest.transform
    names, features, rejected = list[str](), list[Features](), list[Rejected]()
    for upload in uploads:
        name = safe_name(upload.filename)
        try:
            decoded = decode_upload(context, upload.data, transform.decoded_side)
        except ImageRejected as rejection:
            rejected.append(Rejected(name, rejection.code, rejection.message))
            continue
        names.append(name)
        crop = evaluation_crop(decoded.image, transform, decoded.box)
        features.append(encoder.embed_crops(crop[None])[0])
    if not names:
        raise NoUsableFile(rejected)
    return names, np.stack(features), rejected

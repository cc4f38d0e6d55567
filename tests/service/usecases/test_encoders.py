"""Which encoder new projects take, and what is known of one."""

from models.manifest import Manifest
from service.domain.entities import Encoder
from service.usecases.context import Context
from service.usecases.encoders import enter_encoder, list_encoders
from service.usecases.projects import create_project


def test_new_projects_take_the_encoder_that_the_settings_name(
    context: Context, manifests: list[Manifest]
) -> None:
    first, second = (manifest.encoder_id for manifest in manifests)
    enter_encoder(context, "second", manifests[1])
    assert create_project(context, "Before").encoder_id == first
    enter_encoder(context, "an earlier setting", manifests[0])
    enter_encoder(context, context.settings.encoder, manifests[1])
    assert create_project(context, "After").encoder_id == second
    assert [each.id for each in list_encoders(context)] == [second, first]


def test_registering_an_encoder_again_renews_its_notice(
    context: Context, manifests: list[Manifest]
) -> None:
    noted = manifests[0].model_copy(update={"notice": "stands in for another"})
    enter_encoder(context, "first", noted)
    assert _only(context).notice == "stands in for another"
    enter_encoder(context, "first", manifests[0])
    assert _only(context).notice is None


def _only(context: Context) -> Encoder:
    (encoder,) = list_encoders(context)
    return encoder

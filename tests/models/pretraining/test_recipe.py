"""Recipes: settings given by name, and refusals of what cannot train."""

from dataclasses import replace
from typing import Any

import pytest

from models.manifest import VitConfig
from models.pretraining.recipe import Recipe, vary
from models.pretraining.view_spec import ViewSpec

RECIPE = Recipe("r", VitConfig(image_size=224, patch_size=16, width=384, depth=12, heads=6))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("mask_ratio", "0.3", 0.3),
        ("batch", "256", 256),
        ("epochs", "3.2", 3.2),
        ("clip", "2", 2.0),
        ("mask_per_sample", "true", True),
        ("bf16", "false", False),
        ("learning_rate", "1e-4, 5e-4,1e-6", (1e-4, 5e-4, 1e-6)),
    ],
)
def test_settings_are_read_as_their_fields_kind(name: str, text: str, value: Any) -> None:
    assert vary(RECIPE, {name: text}) == replace(RECIPE, **{name: value})


def test_parts_of_the_encoder_and_of_views_follow_a_dot() -> None:
    varied = vary(
        RECIPE,
        {"vit.depth": "4", "focal.scale": "0.1,0.5", "anchor.blur_reference_size": "224"},
    )
    assert varied.vit == replace(RECIPE.vit, depth=4)
    assert varied.focal == replace(RECIPE.focal, scale=(0.1, 0.5))
    assert varied.anchor == replace(RECIPE.anchor, blur_reference_size=224)
    assert vary(varied, {"anchor.blur_reference_size": "none"}).anchor == RECIPE.anchor


def test_settings_that_only_fit_together_are_taken_together() -> None:
    sizes = {"vit.patch_size": "7", "vit.image_size": "98"}
    views = {"target.size": "98", "anchor.size": "98", "focal.size": "49"}
    assert vary(RECIPE, sizes | views).vit.patch_size == 7


def test_no_settings_change_nothing() -> None:
    assert vary(RECIPE, {}) == RECIPE


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mask": "0.3"}, r"no setting 'mask'; choose one of .*mask_ratio.* such as vit\.depth"),
        ({"focal.zoom": "2"}, r"no setting 'focal.zoom'; choose one of focal.size"),
        ({"name": "mine"}, "no setting 'name'"),
        ({"vit": "big"}, "no setting 'vit'"),
        ({"batch": "many"}, "batch takes a whole number, not 'many'"),
        ({"batch": "2.5"}, "batch takes a whole number, not '2.5'"),
        ({"mask_ratio": "high"}, "mask_ratio takes a number, not 'high'"),
        ({"bf16": "perhaps"}, "bf16 takes true or false, not 'perhaps'"),
        ({"momentum": "0.9"}, "momentum takes 2 numbers parted by commas, not '0.9'"),
        ({"target.blur_reference_size": "big"}, "takes a whole number or none, not 'big'"),
        ({"mask_ratio": "1"}, "mask_ratio is 1.0; choose from 0 to 0.99"),
        ({"mask_ratio": "nan"}, "mask_ratio is nan"),
        ({"learning_rate": "0.1,-1,0"}, "learning_rate is .*; choose from 0 to 10"),
        ({"momentum": "0.9,2"}, "momentum is .*; choose from 0 to 1"),
        ({"queue": "-1"}, "queue is -1"),
        ({"prototypes": "1"}, "prototypes is 1"),
        ({"batch": "1"}, "batch is 1; batch norm needs at least 2"),
        ({"vit.image_size": "160000"}, "vit.image_size is 160000; choose 1024 or less"),
        ({"vit.depth": "1000000"}, "vit.depth is 1000000; choose 128 or less"),
        ({"focal.size": "1040"}, "focal.size is 1040; choose 1024 or less"),
        ({"target.blur_radius": "1,inf"}, "target.blur_radius is .*; choose 1024 or less"),
        ({"anchor.blur_reference_size": "0"}, "blur_reference_size is 0; choose at least 1 px"),
        ({"prototypes": "10000000"}, "prototypes is 10000000; choose 65536 or less"),
        ({"anchor_views": "0", "focal_views": "0"}, "at least one anchor or focal view"),
        ({"focal.size": "8"}, "views of 8 px hold no patch of 16 px"),
        ({"focal.size": "100"}, "no multiple of a patch of 16 px; choose 96 or 112 px"),
        ({"focal.scale": "0.5,0.2"}, "scale is .*; choose 0 < low <= high <= 1"),
        ({"vit.heads": "5"}, "width 384 is no multiple of 5 heads"),
        ({"vit.mlp_ratio": "0"}, "MLP ratio and LayerNorm eps of a ViT must be above 0"),
        ({"vit.norm_eps": "nan"}, "MLP ratio and LayerNorm eps of a ViT must be above 0"),
        ({"focal.aspect": "0,0"}, r"a view: aspect is \(0.0, 0.0\); choose from 0.01 to 100"),
        ({"anchor.hue": "nan"}, "a view: hue is nan; choose from 0 to 0.5"),
        ({"structured_start": "true", "vit.width": "18"}, "vit.width of 24 or more"),
        ({"structured_start": "true", "vit.mlp_ratio": "1"}, "vit.mlp_ratio of 2 or more"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_can(
    settings: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        vary(RECIPE, settings)


def test_a_view_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match="choose larger views or a smaller patch"):
        replace(RECIPE, focal=ViewSpec(size=8, scale=(0.1, 0.3)))

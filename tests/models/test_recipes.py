"""Recipes: the paper's values, and refusals of what cannot train."""

from dataclasses import replace

import pytest

from models.recipes import PRESETS, preset
from models.view_spec import ViewSpec


def test_vit_s16_is_the_papers_recipe() -> None:
    recipe = preset("vit-s16")
    assert (recipe.vit.width, recipe.vit.depth, recipe.vit.heads) == (384, 12, 6)
    assert (recipe.batch, recipe.epochs, recipe.warmup_epochs) == (1024, 800, 15)
    assert (recipe.prototypes, recipe.projection_dim, recipe.projection_hidden) == (1024, 256, 2048)
    assert (recipe.mask_ratio, recipe.anchor_views, recipe.focal_views) == (0.15, 1, 10)
    assert recipe.learning_rate == (2e-4, 1e-3, 1e-6)
    assert (recipe.weight_decay, recipe.momentum, recipe.clip) == ((0.04, 0.4), (0.996, 1.0), 3.0)
    assert (recipe.target.size, recipe.target.scale) == (224, (0.3, 1.0))
    assert (recipe.focal.size, recipe.focal.scale) == (96, (0.05, 0.3))
    views = (recipe.target, recipe.anchor, recipe.focal)
    assert {(view.blur_radius, view.blur_reference_size) for view in views} == {((0.1, 2.0), None)}


def test_small_views_are_blurred_in_proportion() -> None:
    recipe = preset("cpu-64").to_dict()
    assert {recipe[view]["blur_reference_size"] for view in ("target", "anchor", "focal")} == {224}


def test_presets_are_found_by_their_name() -> None:
    assert all(preset(name).name == name for name in PRESETS)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no preset 'large'; choose one of vit-s16, .*cpu-64"):
        preset("large")


def test_views_smaller_than_a_patch_are_refused() -> None:
    with pytest.raises(ValueError, match="views of 8 px hold no patch of 16 px"):
        replace(preset("vit-s16"), focal=ViewSpec(size=8, scale=(0.1, 0.3)))


def test_a_batch_too_small_for_batch_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="batch is 1"):
        replace(preset("vit-s16"), batch=1)

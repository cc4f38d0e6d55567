"""The presets: the paper's values, and small ones that keep its proportions."""

import pytest

from models.pretraining.recipes import PRESETS, preset


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


@pytest.mark.parametrize(
    ("name", "size", "patch", "mask_ratio", "epochs"),
    [
        ("vit-b16", (768, 12, 12), 16, 0.3, 600),
        ("vit-l16", (1024, 24, 16), 16, 0.7, 600),
        ("vit-b4", (768, 12, 12), 4, 0.7, 300),
        ("vit-l7", (1024, 24, 16), 7, 0.7, 200),
    ],
)
def test_larger_encoders_differ_in_size_mask_and_epochs_alone(
    name: str, size: tuple[int, int, int], patch: int, mask_ratio: float, epochs: int
) -> None:
    recipe, small = preset(name).to_dict(), preset("vit-s16").to_dict()
    vit = recipe.pop("vit")
    assert (vit["width"], vit["depth"], vit["heads"], vit["patch_size"]) == (*size, patch)
    assert (recipe["mask_ratio"], recipe["epochs"]) == (mask_ratio, epochs)
    focal = recipe.pop("focal")
    assert focal["size"] == (98 if patch == 7 else 96)  # the nearest multiple of the patch
    differing = {field for field, value in recipe.items() if value != small[field]}
    assert differing == {"name", "description", "mask_ratio", "epochs"}


@pytest.mark.parametrize("name", ["cpu-32", "cpu-64", "vit-ti8-64"])
def test_small_views_are_blurred_in_proportion(name: str) -> None:
    recipe = preset(name).to_dict()
    assert {recipe[view]["blur_reference_size"] for view in ("target", "anchor", "focal")} == {224}


@pytest.mark.parametrize("name", PRESETS)
def test_sinkhorn_never_has_many_more_prototypes_than_rows(name: str) -> None:
    recipe = preset(name)
    assert recipe.prototypes <= 2 * (recipe.batch + recipe.queue)


def test_every_preset_says_what_it_is_for() -> None:
    descriptions = {recipe.description for recipe in PRESETS.values()}
    assert "" not in descriptions
    assert len(descriptions) == len(PRESETS)


def test_presets_are_found_by_their_name() -> None:
    assert all(preset(name).name == name for name in PRESETS)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no preset 'large'; choose one of vit-s16, .*cpu-64"):
        preset("large")

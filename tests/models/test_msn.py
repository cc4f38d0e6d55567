"""The siamese network: what it computes, what learns, and what decays."""

import torch

from models.masking import sample_mask
from models.msn import MaskedSiameseNetwork, parameter_groups
from models.vit import VitConfig, build_vit

CONFIG = VitConfig(image_size=16, patch_size=4, width=24, depth=2, heads=2)


def network() -> MaskedSiameseNetwork:
    torch.manual_seed(0)
    return MaskedSiameseNetwork(CONFIG, prototypes=8, hidden=32, dim=16)


def test_both_encoders_begin_alike_and_only_the_anchor_side_learns() -> None:
    siamese = network()
    for target, anchor in zip(
        siamese.target_encoder.parameters(), siamese.encoder.parameters(), strict=True
    ):
        assert torch.equal(target, anchor)
        assert anchor.requires_grad
        assert not target.requires_grad


def test_prototypes_begin_uniform_within_one_over_the_root_of_their_dimension() -> None:
    prototypes = network().prototypes
    assert prototypes.shape == (8, 16)
    assert prototypes.requires_grad
    assert 0.2 < prototypes.abs().max() <= 0.25


def test_views_of_several_sizes_and_masks_are_projected_in_their_order() -> None:
    siamese = network().eval()
    large, small = torch.randn(4, 3, 16, 16), torch.randn(6, 3, 8, 8)
    kept = sample_mask(16, 0.5, rows=4, generator=torch.Generator().manual_seed(0))
    projections = siamese.project_anchors([(large, kept), (small, None)])
    assert projections.shape == (10, 16)
    torch.testing.assert_close(projections[:4], siamese.encoder(large, kept))
    torch.testing.assert_close(projections[4:], siamese.encoder(small))


def test_masked_patches_cannot_be_seen() -> None:
    siamese = network().eval()
    images = torch.randn(1, 3, 16, 16)
    changed = images.clone()
    changed[..., :4, :4] = 9  # patch 0
    without, with_it = torch.arange(1, 16).unsqueeze(0), torch.arange(16).unsqueeze(0)
    torch.testing.assert_close(siamese.encoder(images, without), siamese.encoder(changed, without))
    assert not torch.allclose(siamese.encoder(images, with_it), siamese.encoder(changed, with_it))


def test_keeping_every_patch_equals_no_mask() -> None:
    siamese = network().eval()
    images = torch.randn(2, 3, 16, 16)
    everything = torch.arange(16).unsqueeze(0)
    torch.testing.assert_close(siamese.encoder(images, everything), siamese.encoder(images))


def test_targets_carry_no_gradient() -> None:
    assert not network().project_targets(torch.randn(4, 3, 16, 16)).requires_grad


def test_only_matrices_of_the_encoder_decay() -> None:
    siamese = network()
    decayed, spared, prototypes = parameter_groups(siamese)
    names = {id(p): name for name, p in siamese.named_parameters()}
    assert [group["decays"] for group in (decayed, spared, prototypes)] == [True, False, False]
    assert [names[id(p)] for p in prototypes["params"]] == ["prototypes"]
    spared_names = {names[id(p)].split(".", 1)[1] for p in spared["params"]}
    assert {"vit.norm.weight", "head.bn1.weight", "head.fc3.bias"} <= spared_names
    decayed_names = {names[id(p)].split(".", 1)[1] for p in decayed["params"]}
    assert {"vit.blocks.0.attn.qkv.weight", "head.fc3.weight"} <= decayed_names
    assert not any(name.endswith("bias") for name in decayed_names)


def test_every_learning_parameter_is_in_exactly_one_group() -> None:
    siamese = network()
    grouped = [id(p) for group in parameter_groups(siamese) for p in group["params"]]
    learning = [id(p) for p in siamese.parameters() if p.requires_grad]
    assert sorted(grouped) == sorted(learning)


def test_what_was_learned_is_a_blend_of_target_and_start() -> None:
    siamese = MaskedSiameseNetwork(CONFIG, prototypes=8, hidden=32, dim=16, start_share=0.25)
    began = build_vit(CONFIG)
    siamese.begin_with(began)
    assert siamese.start is not None
    torch.nn.init.constant_(siamese.target_encoder.vit.get_parameter("cls_token"), 8.0)
    learned = siamese.learned()
    expected = 0.75 * 8 + 0.25 * began.get_parameter("cls_token")
    torch.testing.assert_close(learned.get_parameter("cls_token"), expected)
    torch.testing.assert_close(
        learned.get_parameter("pos_embed"), began.get_parameter("pos_embed"), rtol=0, atol=1e-7
    )


def test_without_a_share_of_the_start_the_target_is_what_was_learned() -> None:
    siamese = network()
    assert siamese.learned() is siamese.target_encoder.vit

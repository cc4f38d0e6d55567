"""MSN pretraining as the paper's code runs it: what the product's speed is compared with.

Loader workers decode each image anew in every epoch and make its views one by one with PIL and
torchvision. Encoders run in fp32 with attention written out, without compilation, each call with
views of one size; every step ends by reading the loss, which makes it wait for the device.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageFilter
from timm.layers.attention import Attention
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from models.masking import sample_mask
from models.msn import MaskedSiameseNetwork, Views, parameter_groups
from models.msn_loss import msn_loss
from models.pretraining.recipes import Recipe
from models.pretraining.view_spec import ViewSpec
from models.transforms import IMAGENET_MEAN, IMAGENET_STD

ENDLESS = 1_000_000

View = Callable[[Image.Image], Tensor]


def blur(radius: tuple[float, float]) -> Callable[[Image.Image], Image.Image]:
    """Gaussian blur of a random radius in pixels."""

    def apply(image: Image.Image) -> Image.Image:
        return image.filter(ImageFilter.GaussianBlur(random.uniform(*radius)))

    return apply


def view_of_pil(spec: ViewSpec) -> View:
    """One random view of one image: (3, size, size), ImageNet-normalised."""
    jitter = transforms.ColorJitter(spec.brightness, spec.contrast, spec.saturation, spec.hue)
    steps = [
        transforms.RandomResizedCrop(spec.size, scale=spec.scale),
        transforms.RandomHorizontalFlip(spec.flip),
        transforms.RandomApply([jitter], p=spec.jitter),
        transforms.RandomGrayscale(spec.grey),
        transforms.RandomApply([blur(spec.blur_radius)], p=spec.blur),
        transforms.ToTensor(),
        transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
    ]
    view: View = transforms.Compose(steps)
    return view


class ViewsOfFiles(Dataset[list[Tensor]]):
    """Target, anchor and focal views of the image files of a folder."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self._files = sorted(folder.rglob("*.jpg"))
        counts = ((recipe.target, 1), (recipe.anchor, recipe.anchor_views))
        specs = [*counts, (recipe.focal, recipe.focal_views)]
        self._views = [view_of_pil(spec) for spec, count in specs for _ in range(count)]

    def __len__(self) -> int:
        return ENDLESS  # the end of an epoch would empty the workers' queues

    def __getitem__(self, number: int) -> list[Tensor]:
        with Image.open(self._files[number % len(self._files)]) as file:
            image = file.convert("RGB")
        return [view(image) for view in self._views]


class PlainTraining:
    """A network and what a step of its training needs."""

    def __init__(self, recipe: Recipe, folder: Path, device: str, workers: int) -> None:
        self.recipe, self.device, self.waited = recipe, device, 0.0
        self.network = plain_network(recipe).to(device)
        self._optimizer = torch.optim.AdamW(parameter_groups(self.network), lr=1e-4)
        self._batches = self._load(folder, workers)

    def step(self) -> float:
        """The loss of one update, all of it done."""
        began = time.perf_counter()
        views = next(self._batches)
        self.waited += time.perf_counter() - began
        views = [view.to(self.device, non_blocking=True) for view in views]
        loss = self.loss(views[0], views[1:])
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.encoder.parameters(), self.recipe.clip)
        self._optimizer.step()
        self._follow()
        return loss.item()

    def loss(self, target: Tensor, anchors: list[Tensor]) -> Tensor:
        """MSN's loss of whole target views and of anchor views, which are masked or focal."""
        anchor_projections, targets = self.network(target, self._groups(anchors))
        return msn_loss(anchor_projections, targets, self.network.prototypes).total

    def _groups(self, anchors: list[Tensor]) -> list[Views]:
        recipe = self.recipe
        patches = (recipe.anchor.size // recipe.vit.patch_size) ** 2
        generator = torch.Generator(self.device).manual_seed(0)
        mask = sample_mask(patches, recipe.mask_ratio, rows=1, generator=generator)
        random, focal = anchors[: recipe.anchor_views], anchors[recipe.anchor_views :]
        groups: list[Views] = [(torch.cat(random), mask)] if random else []
        return groups + ([(torch.cat(focal), None)] if focal else [])

    @torch.no_grad()
    def _follow(self) -> None:
        pairs = (self.network.target_encoder.parameters(), self.network.encoder.parameters())
        for theirs, ours in zip(*pairs, strict=True):
            theirs.mul_(0.996).add_(ours, alpha=0.004)

    def _load(self, folder: Path, workers: int) -> Iterator[list[Tensor]]:
        loader: DataLoader[Any] = DataLoader(
            ViewsOfFiles(folder, self.recipe),
            self.recipe.batch,
            shuffle=True,
            num_workers=workers,
            pin_memory=self.device != "cpu",
            drop_last=True,
        )
        return iter(loader)


def plain_network(recipe: Recipe) -> MaskedSiameseNetwork:
    """The recipe's network with attention written out, nothing fused or compiled."""
    network = MaskedSiameseNetwork(
        recipe.vit,
        prototypes=recipe.prototypes,
        hidden=recipe.projection_hidden,
        dim=recipe.projection_dim,
    )
    for module in network.modules():
        if isinstance(module, Attention):
            module.fused_attn = False  # type: ignore[misc]
    return network

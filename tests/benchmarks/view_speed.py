"""Ways of making random views, in views a second in one process: the product's and others."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import kornia.augmentation as kornia
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from models.pretraining.view_spec import ViewSpec
from models.pretraining.views import make_views
from models.transforms import IMAGENET_MEAN, IMAGENET_STD
from tests.benchmarks.plain_msn import view_of_pil

SECONDS = 1.0
# Blur kernels of kornia and torchvision have a fixed size; this one holds a radius of 2.
KERNEL = 9


@dataclass(frozen=True)
class ViewSpeed:
    """Views a second of one way, for images of one size and views of another."""

    way: str
    image_size: int
    view_size: int
    views_per_second: float


def measure_views(spec: ViewSpec, side: int, batch: int, device: str) -> list[ViewSpeed]:
    """All ways by turns on the same images; PIL's run on the CPU whatever `device` is."""
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(0, 256, (batch, 3, side, side), dtype=np.uint8))
    on_device = images.to(device)
    pictures = [Image.fromarray(image.numpy().transpose(1, 2, 0)) for image in images]
    of_pil, of_tensors, of_batches = view_of_pil(spec), with_torchvision(spec), with_kornia(spec)
    ways: dict[str, Callable[[], Any]] = {
        "ours, a batch, bf16": lambda: _in_bf16(on_device, spec),
        "ours, a batch, fp32": lambda: make_views(on_device, spec),
        "kornia, a batch": lambda: of_batches(on_device.float() / 255),
        "torchvision v2, each image": lambda: [of_tensors(image) for image in on_device],
        "PIL and torchvision, each image": lambda: [of_pil(picture) for picture in pictures],
    }
    return [
        ViewSpeed(name, side, spec.size, batch * _calls_per_second(make, device))
        for name, make in ways.items()
    ]


def with_torchvision(spec: ViewSpec) -> Callable[[Tensor], Tensor]:
    """One view of a uint8 tensor (3, H, W)."""
    jitter = v2.ColorJitter(spec.brightness, spec.contrast, spec.saturation, spec.hue)
    steps = [
        v2.RandomResizedCrop(spec.size, scale=spec.scale, antialias=True),
        v2.RandomHorizontalFlip(spec.flip),
        v2.RandomApply([jitter], p=spec.jitter),
        v2.RandomGrayscale(spec.grey),
        v2.RandomApply([v2.GaussianBlur(KERNEL, spec.blur_radius)], p=spec.blur),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
    ]
    view: Callable[[Tensor], Tensor] = v2.Compose(steps)
    return view


def with_kornia(spec: ViewSpec) -> Callable[[Tensor], Tensor]:
    """One view of each image of a float batch (B, 3, H, W); crops are not antialiased."""
    jitter = (spec.brightness, spec.contrast, spec.saturation, spec.hue)
    views: Callable[[Tensor], Tensor] = kornia.AugmentationSequential(
        kornia.RandomResizedCrop((spec.size, spec.size), scale=spec.scale),
        kornia.RandomHorizontalFlip(p=spec.flip),
        kornia.ColorJitter(*jitter, p=spec.jitter),
        kornia.RandomGrayscale(p=spec.grey),
        kornia.RandomGaussianBlur((KERNEL, KERNEL), spec.blur_radius, p=spec.blur),
        kornia.Normalize(torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)),
    )
    return views


def _in_bf16(images: Tensor, spec: ViewSpec) -> Tensor:
    """As a training step makes them."""
    with torch.autocast(images.device.type, torch.bfloat16):
        return make_views(images, spec)


def _calls_per_second(make: Callable[[], Any], device: str) -> float:
    make()
    synchronise(device)
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        make()
        synchronise(device)
        calls += 1
    return calls / (time.perf_counter() - began)


def synchronise(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device != "cpu":
        torch.cuda.synchronize()

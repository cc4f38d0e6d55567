"""Learning rate, weight decay and momentum as functions of the step.

MSN stretches its cosine and linear schedules over 1.25 times the run's length, so that training
ends before they do.
"""

import math

STRETCH = 1.25


def warmup_cosine(
    step: int, *, steps: int, warmup: int, start: float, peak: float, final: float
) -> float:
    """Linear from `start` at step 0 to `peak` at `warmup`, then cosine toward `final`.

    The cosine would reach `final` at 1.25 x `steps`. A warm-up of a longer run than this one is
    cut to a quarter of it.
    """
    warmup = min(warmup, steps // 4)
    if step < warmup:
        return start + (peak - start) * step / warmup
    progress = (step - warmup) / max(1.0, STRETCH * steps - warmup)
    return max(final, final + (peak - final) * 0.5 * (1 + math.cos(math.pi * progress)))


def cosine(step: int, *, steps: int, start: float, final: float) -> float:
    """Half a cosine from `start` at step 0 to `final` at 1.25 x `steps`, up or down."""
    progress = min(1.0, step / (STRETCH * steps))
    return final + (start - final) * 0.5 * (1 + math.cos(math.pi * progress))


def linear(step: int, *, steps: int, start: float, final: float) -> float:
    """A straight line from `start` at step 0 to `final` at 1.25 x `steps`, and flat after it."""
    return start + (final - start) * min(1.0, step / (STRETCH * steps))

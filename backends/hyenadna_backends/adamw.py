"""The arithmetic of an AdamW step over all weights at once, on backends that gain from it.

PyTorch starts each operation by itself. A step of AdamW has a dozen for each of fifty weights, and
starting them takes longer than the work. Its `_foreach` functions do one operation on all weights.
JAX and MLX compile a whole step, so they keep the loop over weights.
"""

from collections.abc import Mapping, Sequence

from hyenadna_backends.blocks import Tensor, backend


def updates_all_at_once() -> bool:
    """Tell whether `clip_by_norm` and `update` serve the backend that runs."""
    return backend() == "torch"


def clip_by_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Scale gradients so that the norm of all of them together is at most `limit`.

    A norm that is not finite makes all of them nan.
    """
    import torch

    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(gradients))))
    scale = limit * torch.minimum(1.0 / norm, torch.full_like(norm, 1.0 / limit)) + (norm - norm)
    scaled: list[Tensor] = list(torch._foreach_mul(list(gradients), scale))
    return scaled


def update(
    weights: list[Tensor],
    means: list[Tensor],
    squares: list[Tensor],
    gradients: list[Tensor],
    rate: Tensor,
    factors: Mapping[float, Sequence[int]],
    beta_1: float,
    beta_2: float,
    corrections: tuple[Tensor, Tensor],
    epsilon: float,
) -> None:
    """Change weights and both moments in place by one step of Adam.

    `factors` has the indices of weights by the factor of their rate; the others have the rate
    itself. `corrections` are 1 - beta_1^t and 1 - beta_2^t, scalars. The formulas are those of
    `FilterAdamW.update_step`.
    """
    import torch

    with torch.no_grad():
        torch._foreach_lerp_(means, gradients, 1 - beta_1)
        torch._foreach_lerp_(squares, list(torch._foreach_mul(gradients, gradients)), 1 - beta_2)
        roots = list(torch._foreach_div(squares, corrections[1]))
        torch._foreach_sqrt_(roots)
        torch._foreach_add_(roots, epsilon)
        steps = list(torch._foreach_div(means, roots))
        torch._foreach_mul_(steps, rate / corrections[0])
        for factor, indices in factors.items():
            torch._foreach_mul_([steps[index] for index in indices], factor)
        torch._foreach_sub_(weights, steps)

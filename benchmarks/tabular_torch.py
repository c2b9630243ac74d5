"""The network of `tabular.py` as one writes it in PyTorch."""

from collections.abc import Sequence
from itertools import pairwise
from math import pi
from typing import Any

import torch
from torch import nn


class Periodic(nn.Module):
    """Of every number 16 cosines, mixed to three, and the number itself."""

    def __init__(self, m: int, frequencies: int = 16, mixed: int = 3) -> None:
        super().__init__()
        self.frequency = nn.Parameter(0.1 * torch.randn(m, frequencies))
        self.phase = nn.Parameter(pi * (2 * torch.rand(m, frequencies) - 1))
        self.projection = nn.Parameter(torch.randn(m, mixed, frequencies) / 4)
        self.shift = nn.Parameter(torch.zeros(m, mixed))

    def forward(self, x: Any) -> Any:
        waves = torch.cos(2 * pi * self.frequency * x[..., None] + self.phase)
        mixtures = torch.einsum("bmq,mwq->bmw", waves, self.projection) + self.shift
        return torch.cat([mixtures.flatten(1), x], dim=1)


class Scale(nn.Module):
    """A factor for every column."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Any) -> Any:
        return self.scale * x


class Blend(nn.Module):
    """A share of the activation for every unit."""

    def __init__(self, activation: nn.Module, width: int) -> None:
        super().__init__()
        self.activation, self.alpha = activation, nn.Parameter(torch.ones(width))

    def forward(self, z: Any) -> Any:
        return z + self.alpha * (self.activation(z) - z)


class Network(nn.Module):
    """Numbers first, then codes; `sizes` are those of the Linears."""

    def __init__(
        self, numbers: int, codes: int, levels: int, width: int, sizes: Sequence[int], activation: str, dropout: float
    ) -> None:
        super().__init__()
        self.numbers, self.periodic = numbers, Periodic(numbers)
        self.embeddings = nn.ModuleList(nn.Embedding(levels, width) for _ in range(codes))
        layers: list[nn.Module] = [Scale(sizes[0])]
        for m, h in pairwise(sizes[:-1]):
            layers += [nn.Linear(m, h), Blend(getattr(nn, activation)(), h), nn.Dropout(dropout)]
        self.body = nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))

    def forward(self, x: Any) -> Any:
        codes = x[:, self.numbers :].long()
        embedded = [layer(codes[:, i]) for i, layer in enumerate(self.embeddings)]
        return self.body(torch.cat([self.periodic(x[:, : self.numbers]), *embedded], dim=1))

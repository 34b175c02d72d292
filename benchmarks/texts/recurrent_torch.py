"""The recurrent models as PyTorch's own tutorials write them, for `benchmarks.texts.recurrent_step`.

No masks and no packed sequences: the states of padding are computed and not read. Adam is the fused one.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def last(states: Tensor, tokens: Tensor) -> Tensor:
    """(B, L, H), (B, L) -> (B, H): the state after the last token of each text."""
    return states[torch.arange(len(tokens)), (tokens != 0).sum(1) - 1]


class QuestionAnswering(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.told = nn.Embedding(150, 64), nn.LSTM(64, 32, batch_first=True)
        self.question_words, self.asked = nn.Embedding(150, 32), nn.LSTM(32, 16, batch_first=True)
        self.answer = nn.Linear(48, 500)

    def forward(self, text: Tensor, question: Tensor) -> Tensor:
        told, asked = self.told(self.words(text))[0], self.asked(self.question_words(question))[0]
        return self.answer(torch.cat([last(told, text), last(asked, question)], 1))


class TextSimilarity(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.encoder = nn.Embedding(2_300, 128), nn.LSTM(128, 32, batch_first=True)
        self.score = nn.Linear(64, 1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        both = [last(self.encoder(self.words(each))[0], each) for each in (left, right)]
        return torch.sigmoid(self.score(torch.cat(both, 1)))[:, 0]


class Poem(nn.Module):
    PLACES = ("place", "left", "line", "form")

    def __init__(self) -> None:
        super().__init__()
        self.characters = nn.Embedding(6_000, 128)
        self.places = nn.ModuleDict({each: nn.Embedding(19, 8) for each in self.PLACES})
        self.looks = nn.ModuleDict({each: nn.Linear(128, 32) for each in ("above", "rhyme")})
        self.recurrent = nn.GRU(128 + 96, 320, batch_first=True)
        self.projection = nn.Linear(320 + 96, 128)

    def forward(self, character: Tensor, **inputs: Tensor) -> Tensor:
        looked_up = [look(self.characters(inputs[each])) for each, look in self.looks.items()]
        straight = torch.cat([*looked_up, *(table(inputs[each]) for each, table in self.places.items())], 2)
        x = self.recurrent(torch.cat([self.characters(character), straight], 2))[0]
        return self.projection(torch.cat([x, straight], 2)) @ self.characters.weight.T


NETS = {"question_answering": QuestionAnswering, "text_similarity": TextSimilarity, "poem": Poem}


def of_torch(name: str, classes: int) -> Callable[[dict[str, np.ndarray], np.ndarray], Any]:
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    net = NETS[name]()
    optimiser = torch.optim.Adam(net.parameters(), fused=True)

    def step(inputs: dict[str, np.ndarray], targets: np.ndarray) -> float:
        optimiser.zero_grad()
        answers, wanted = net(**{each: torch.from_numpy(x) for each, x in inputs.items()}), torch.from_numpy(targets)
        if classes:
            loss = nn.functional.cross_entropy(answers.reshape(-1, classes), wanted.long().ravel())
        else:
            loss = nn.functional.mse_loss(answers, wanted)
        loss.backward()
        optimiser.step()
        return loss.item()

    return step

"""A client's local training in PyTorch, on one thread, in CPU seconds: MODEL WORDS EXAMPLES. The networks of src/jobs/federated/tasks."""
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

MODEL, WORDS, EXAMPLES = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
BATCH = 10
torch.set_num_threads(1)
torch.manual_seed(1)


class Text(nn.Module):
    def __init__(self, embedding, widths, tied):
        super().__init__()
        self.table = nn.Embedding(WORDS, embedding)
        self.lstms = nn.ModuleList(nn.LSTM(i, o) for i, o in zip([embedding, *widths], widths))
        self.tied = tied
        if tied:
            self.projection, self.bias = nn.Linear(widths[-1], embedding), nn.Parameter(torch.zeros(WORDS))
        else:
            self.output = nn.Linear(widths[-1], WORDS)

    def forward(self, x):
        h = self.table(x)
        for lstm in self.lstms:
            h, _ = lstm(h)
        h = h.flatten(0, 1)
        return F.linear(self.projection(h), self.table.weight, self.bias) if self.tied else self.output(h)


def dense(*widths):
    parts = [nn.Flatten()]
    for i, o in zip(widths, widths[1:]):
        parts += [nn.Linear(i, o), nn.ReLU()]
    return parts[:-1]


STEPS = {"char-lstm": 80, "word-lstm": 20}.get(MODEL)
if STEPS is not None:
    net = Text(8, [256, 256], False) if MODEL == "char-lstm" else Text(96, [256], True)
    batches = [(torch.randint(WORDS, (STEPS, BATCH)), torch.randint(WORDS, (STEPS * BATCH,)))] * (EXAMPLES // BATCH)
elif MODEL == "2nn":
    net = nn.Sequential(*dense(784, 200, 200, 10))
else:
    net = nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        *dense(3136, 512, 10),
    )
if STEPS is None:
    x, y = torch.rand(EXAMPLES, 1, 28, 28), torch.randint(10, (EXAMPLES,))
    batches = list(zip(x.split(BATCH), y.split(BATCH)))
optimiser = torch.optim.SGD(net.parameters(), lr=0.01)


def train(some):
    for x, y in some:
        optimiser.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimiser.step()


train(batches[:2])
start = time.process_time()
train(batches)
seconds = time.process_time() - start
size = sum(p.numel() for p in net.parameters())
print(json.dumps({"seconds": seconds, "parameters": size, "loadSeconds": 0, "version": f"torch {torch.__version__}"}))

import type { ModelName } from '../tasks/models.ts';

/** The files of a Flower App, by their paths. */
export type AppFiles = Readonly<Record<string, string>>;

/** The models in PyTorch, with the names and shapes of weights that this project gives them. */
const NETWORKS: Readonly<Record<ModelName, string>> = {
  '2nn': `        self.hidden1 = nn.Linear(784, 200)
        self.hidden2 = nn.Linear(200, 200)
        self.output = nn.Linear(200, 10)

    def forward(self, x):
        x = F.relu(self.hidden1(x.flatten(1)))
        return self.output(F.relu(self.hidden2(x)))
`,
  cnn: `        self.conv1 = nn.Conv2d(1, 32, 5, padding=2)
        self.conv2 = nn.Conv2d(32, 64, 5, padding=2)
        self.hidden = nn.Linear(3136, 512)
        self.output = nn.Linear(512, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.output(F.relu(self.hidden(x.flatten(1))))
`,
  'lenet-5': `        self.c1 = nn.Conv2d(1, 6, 5, padding=2)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Linear(400, 120)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.c3(x)), 2)
        return self.output(torch.tanh(self.f6(torch.tanh(self.c5(x.flatten(1))))))
`,
};

const project = (rounds: number, rate: number): string => `[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "biolens-app"
version = "1.0.0"
description = "A federation of biolens and PyTorch nodes"
license = "Apache-2.0"
dependencies = ["flwr>=1.42,<1.43", "torch", "numpy"]

[tool.hatch.build.targets.wheel]
packages = ["."]

[tool.flwr.app]
publisher = "biolens"

[tool.flwr.app.components]
serverapp = "biolens_app.server_app:app"
clientapp = "biolens_app.client_app:app"

[tool.flwr.app.config]
num-server-rounds = ${rounds}
min-nodes = 2
lr = ${rate}
local-epochs = 1
batch-size = 10
reply-timeout = 600
result = ""
`;

const server = `"""Combines what the nodes of a federation have learned: FedAvg, weighed by examples."""

import json

import torch
from flwr.app import ArrayRecord, ConfigRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

from biolens_app.model import Net

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    run = context.run_config
    torch.manual_seed(1)
    nodes = int(run["min-nodes"])
    strategy = FedAvg(
        fraction_train=1.0,
        fraction_evaluate=1.0,
        min_train_nodes=nodes,
        min_evaluate_nodes=nodes,
        min_available_nodes=nodes,
    )
    result = strategy.start(
        grid=grid,
        initial_arrays=ArrayRecord(Net().state_dict()),
        num_rounds=int(run["num-server-rounds"]),
        train_config=ConfigRecord({"lr": float(run["lr"]), "local-epochs": int(run["local-epochs"])}),
        # A node whose reply is lost costs so many seconds; Flower's own limit is an hour.
        timeout=float(run["reply-timeout"]),
    )
    accuracy = {int(k): v["eval_acc"] for k, v in result.evaluate_metrics_clientapp.items()}
    print("accuracy by round:", accuracy)
    if run["result"]:
        with open(str(run["result"]), "w", encoding="utf-8") as file:
            json.dump({"accuracy": accuracy}, file)
        torch.save(result.arrays.to_torch_state_dict(), str(run["result"]) + ".pt")
`;

const client = `"""A node in PyTorch. It reads MNIST from the folder that it is started with:

flower-supernode --superlink HOST:PORT --node-config 'data="mnist" part=0 parts=2'
"""

import gzip
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from biolens_app.model import Net

app = ClientApp()


def read(folder: str, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    def idx(kind: str, header: int) -> np.ndarray:
        path = Path(folder) / f"{name}-{kind}-ubyte.gz"
        return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)

    images = idx("images-idx3", 16).reshape(-1, 1, 28, 28).astype(np.float32) / 255
    return torch.from_numpy(images), torch.from_numpy(idx("labels-idx1", 8).astype(np.int64))


def own_part(context: Context, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    node = context.node_config
    x, y = read(str(node["data"]), name)
    if name == "t10k":
        return x, y
    part, parts = int(node.get("part", 0)), int(node.get("parts", 1))
    return x[part::parts], y[part::parts]


@app.train()
def train(msg: Message, context: Context) -> Message:
    net = Net()
    net.load_state_dict(msg.content["arrays"].to_torch_state_dict())
    x, y = own_part(context, "train")
    config = msg.content["config"]
    optimiser = torch.optim.SGD(net.parameters(), lr=float(config["lr"]))
    batch = int(context.run_config["batch-size"])
    total = 0.0
    for _ in range(int(config["local-epochs"])):
        for rows in torch.randperm(len(y)).split(batch):
            optimiser.zero_grad()
            loss = F.cross_entropy(net(x[rows]), y[rows])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(rows)
    metrics = {"num-examples": len(y), "train_loss": total / (len(y) * int(config["local-epochs"]))}
    content = RecordDict({"arrays": ArrayRecord(net.state_dict()), "metrics": MetricRecord(metrics)})
    return Message(content=content, reply_to=msg)


@app.evaluate()
def evaluate(msg: Message, context: Context) -> Message:
    net = Net()
    net.load_state_dict(msg.content["arrays"].to_torch_state_dict())
    x, y = own_part(context, "t10k")
    with torch.no_grad():
        right = sum((net(x[i : i + 500]).argmax(1) == y[i : i + 500]).sum().item() for i in range(0, len(y), 500))
    metrics = MetricRecord({"num-examples": len(y), "eval_acc": right / len(y)})
    return Message(content=RecordDict({"metrics": metrics}), reply_to=msg)
`;

/**
 * A Flower App for a model of this project: a ServerApp with FedAvg, and a ClientApp in PyTorch whose weights have the same names and shapes, so
 * that nodes of both kinds serve one federation.
 */
export function flowerApp(
  model: ModelName,
  { rounds, learningRate }: { readonly rounds: number; readonly learningRate: number },
): AppFiles {
  return {
    'pyproject.toml': project(rounds, learningRate),
    'biolens_app/__init__.py': '',
    'biolens_app/model.py': `"""The model, by the names that biolens gives its weights."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
${NETWORKS[model]}`,
    'biolens_app/server_app.py': server,
    'biolens_app/client_app.py': client,
  };
}

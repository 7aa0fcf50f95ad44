# The network of training-network.ts in PyTorch, eager and channels-last: MODE STEPS THREADS.
import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

mode, steps, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
BATCH, EMBEDDING, WIDTHS = 16, 256, (64, 128, 128)


class Residual(nn.Module):
    def __init__(self, into, out):
        super().__init__()
        self.n1, self.n2 = nn.GroupNorm(8, into), nn.GroupNorm(8, out)
        self.c1 = nn.Conv2d(into, out, 3, padding=1, bias=False)
        self.c2 = nn.Conv2d(out, out, 3, padding=1)
        self.e = nn.Linear(EMBEDDING, out)
        self.s = nn.Conv2d(into, out, 1) if into != out else nn.Identity()

    def forward(self, x, e):
        h = self.c1(F.silu(self.n1(x))) + self.e(e)[:, :, None, None]
        return self.s(x) + self.c2(F.silu(self.n2(h)))


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.n = nn.GroupNorm(8, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.o = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = (part.transpose(2, 3) for part in self.qkv(self.n(x)).reshape(n, 12, c // 4, h * w).chunk(3, 1))
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(n, c, h, w)
        return x + self.o(mixed)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.t1, self.t2 = nn.Linear(64, EMBEDDING), nn.Linear(EMBEDDING, EMBEDDING)
        self.cls = nn.Linear(2, EMBEDDING, bias=False)
        self.i = nn.Conv2d(3, 64, 3, padding=1)
        self.d = nn.ModuleList([Residual(64, 64), Residual(64, 128), Residual(128, 128)])
        self.dn = nn.ModuleList([nn.Conv2d(64, 64, 3, 2, 1), nn.Conv2d(128, 128, 3, 2, 1)])
        self.da, self.ma, self.ua = Attention(128), Attention(128), Attention(128)
        self.m1, self.m2 = Residual(128, 128), Residual(128, 128)
        self.u = nn.ModuleList([Residual(192, 64), Residual(256, 128), Residual(256, 128)])
        self.up = nn.ModuleList([nn.Identity(), nn.Conv2d(128, 128, 3, padding=1), nn.Conv2d(128, 128, 3, padding=1)])
        self.on, self.o = nn.GroupNorm(8, 64), nn.Conv2d(64, 3, 3, padding=1)

    def forward(self, x, time_, classes):
        e = F.silu(self.t2(F.silu(self.t1(time_))) + self.cls(classes))
        h, skips = self.i(x), []
        for level in range(3):
            h = self.d[level](h, e)
            if level == 2:
                h = self.da(h)
            skips.append(h)
            if level < 2:
                h = self.dn[level](h)
        h = self.m2(self.ma(self.m1(h, e)), e)
        for level in (2, 1, 0):
            h = self.u[level](torch.cat([h, skips[level]], 1), e)
            if level == 2:
                h = self.ua(h)
            if level > 0:
                h = self.up[level](F.interpolate(h, scale_factor=2))
        return self.o(F.silu(self.on(h)))


model = UNet().to(memory_format=torch.channels_last)
optimiser = torch.optim.Adam(model.parameters(), 1e-4, fused=True)
x = torch.randn(BATCH, 3, 32, 32).to(memory_format=torch.channels_last)
target = torch.randn_like(x)
times, classes = torch.randn(BATCH, 64), torch.eye(2)[torch.arange(BATCH) % 2]


def train():
    optimiser.zero_grad()
    loss = ((model(x, times, classes) - target) ** 2).mean()
    loss.backward()
    optimiser.step()
    loss.item()


def denoise():
    with torch.inference_mode():
        model(x, times, classes)


step = denoise if mode == "denoise" else train
for _ in range(2):
    step()
milliseconds = []
for _ in range(steps):
    start = time.perf_counter()
    step()
    milliseconds.append(1000 * (time.perf_counter() - start))
print(
    json.dumps(
        {
            "milliseconds": milliseconds,
            "parameters": sum(p.numel() for p in model.parameters()),
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "version": torch.__version__,
        }
    )
)

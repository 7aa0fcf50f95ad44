"""Generates images with a pipeline of diffusers, with a LoRA or without, for `biolens audit --sample-with`."""
import argparse
import os

import torch
from diffusers import DiffusionPipeline

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True, help="folder or name of a pipeline")
parser.add_argument("--lora", help="folder or file of LoRA weights")
parser.add_argument("--prompt", help="left out for a pipeline without text")
parser.add_argument("--n", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--out", required=True)
parser.add_argument("--batch", type=int, default=4)
parser.add_argument("--steps", type=int)
options = parser.parse_args()

device = "cuda" if torch.cuda.is_available() else "cpu"
dtype = torch.float16 if device == "cuda" else torch.float32
pipeline = DiffusionPipeline.from_pretrained(options.model, torch_dtype=dtype).to(device)
if options.lora:
    pipeline.load_lora_weights(options.lora)

os.makedirs(options.out, exist_ok=True)
for first in range(0, options.n, options.batch):
    count = min(options.batch, options.n - first)
    settings = {} if options.steps is None else {"num_inference_steps": options.steps}
    generator = torch.Generator().manual_seed(options.seed * 1_000_003 + first)
    if options.prompt is None:
        images = pipeline(batch_size=count, generator=generator, **settings).images
    else:
        images = pipeline(options.prompt, num_images_per_prompt=count, generator=generator, **settings).images
    for i, image in enumerate(images):
        image.save(os.path.join(options.out, f"{first + i:06d}.png"))

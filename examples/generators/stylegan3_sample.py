"""Generates images with `gen_images.py` of StyleGAN3 (or StyleGAN2-ADA), run in its folder, for `biolens audit --sample-with`."""
import argparse
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--network", required=True, help="the .pkl")
parser.add_argument("--code", default=".", help="folder of gen_images.py")
parser.add_argument("--n", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--out", required=True)
options = parser.parse_args()

# A seed of StyleGAN makes one image: each seed given here stands for a range of its own.
first = options.seed * 1_000_000
seeds = f"{first}-{first + options.n - 1}"
command = [sys.executable, "gen_images.py", f"--outdir={options.out}", f"--seeds={seeds}", "--trunc=1"]
sys.exit(subprocess.run([*command, f"--network={options.network}"], cwd=options.code).returncode)

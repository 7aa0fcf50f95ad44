"""Generates images with a workflow of a ComfyUI that runs (saved by "Export (API)"), for `biolens audit --sample-with`."""
import argparse
import json
import os
import time
from urllib.parse import urlencode
from urllib.request import Request, urlopen

parser = argparse.ArgumentParser()
parser.add_argument("--workflow", required=True, help="the JSON of the workflow")
parser.add_argument("--server", default="http://127.0.0.1:8188")
parser.add_argument("--n", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--out", required=True)
options = parser.parse_args()

with open(options.workflow, encoding="utf-8") as file:
    workflow = json.load(file)


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(options.server + path, data, {"Content-Type": "application/json"}), timeout=60) as reply:
        return reply.read()


def images_of(prompt_id):
    while True:
        history = json.loads(ask(f"/history/{prompt_id}")).get(prompt_id)
        if history is not None:
            status = history.get("status", {})
            if status.get("status_str") == "error":
                raise SystemExit(f"ComfyUI failed: {status}")
            return [image for node in history["outputs"].values() for image in node.get("images", [])]
        time.sleep(0.5)


os.makedirs(options.out, exist_ok=True)
made = 0
call = 0
while made < options.n:
    for node in workflow.values():
        for name in ("seed", "noise_seed"):
            if isinstance(node.get("inputs", {}).get(name), int):
                node["inputs"][name] = options.seed * 1_000_003 + call
    prompt_id = json.loads(ask("/prompt", {"prompt": workflow}))["prompt_id"]
    found = [image for image in images_of(prompt_id) if image.get("type") == "output"]
    if not found:
        raise SystemExit("the workflow saves no image: it needs a Save Image node")
    for image in found[: options.n - made]:
        place = urlencode({name: image[name] for name in ("filename", "subfolder", "type")})
        with open(os.path.join(options.out, f"{made:06d}.png"), "wb") as file:
            file.write(ask(f"/view?{place}"))
        made += 1
    call += 1

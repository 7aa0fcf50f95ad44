"""Makes the ONNX file of a ready model card from public weights, and the card beside it with ten numbers to check.

    python export.py sscd sscd_disc_mixup.torchscript.pt -o sscd.onnx
    python export.py dinov2-base facebook/dinov2-base -o dinov2-base.onnx
    python export.py clip-vit-base-patch32 openai/clip-vit-base-patch32 -o clip.onnx
    python export.py siglip-base-patch16-224 google/siglip-base-patch16-224 -o siglip.onnx
    python export.py arcface-r50 w600k_r50.onnx -o arcface.onnx

The weights are a file, a folder, or a repository that transformers fetches. --random uses random weights of the same shape instead: no download,
and the way an image is prepared can be compared all the same. The ten numbers are made by the authors' own way of preparing an image (Pillow and torchvision, or
the image processor of transformers) and by PyTorch, not by biolens; `biolens faces check-card` compares them with its own.

Needs: pip install torch torchvision transformers onnx onnxscript onnxruntime pillow
"""

import argparse
import hashlib
import json
import pathlib
import shutil

import numpy as np
import torch
from PIL import Image

HERE = pathlib.Path(__file__).parent


def check_picture():
    """The picture of `biolens faces check-card --picture`, byte for byte."""
    width, height = 360, 270
    y, x = np.mgrid[0:height, 0:width]
    chequer = (x // 30 + y // 30) % 2
    planes = [x * 255 // (width - 1), y * 200 // (height - 1) + chequer * 55, (x + 2 * y) % 90 * 5 // 2 + chequer * 20]
    return Image.fromarray(np.stack(planes, -1).astype(np.uint8))


class Pooled(torch.nn.Module):
    """A vision model of transformers that gives one of its outputs."""

    def __init__(self, model, output):
        super().__init__()
        self.model, self.output = model, output

    def forward(self, data):
        return getattr(self.model(pixel_values=data), self.output)


def transformers_model(name, weights, random):
    import transformers as t

    cubic = Image.Resampling.BICUBIC
    if name == "dinov2-base":
        shape = t.Dinov2Config(image_size=518, patch_size=14)
        model = t.Dinov2Model(shape) if random else t.Dinov2Model.from_pretrained(weights)
        processor = t.BitImageProcessor(size={"shortest_edge": 256}, crop_size={"height": 224, "width": 224}, resample=cubic, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
        output = "last_hidden_state"
    elif name == "clip-vit-base-patch32":
        kind = t.CLIPVisionModelWithProjection
        model = kind(t.CLIPVisionConfig(patch_size=32, projection_dim=512)) if random else kind.from_pretrained(weights)
        processor = t.CLIPImageProcessor()
        output = "image_embeds"
    else:
        model = t.SiglipVisionModel(t.SiglipVisionConfig()) if random else t.SiglipVisionModel.from_pretrained(weights)
        processor = t.SiglipImageProcessor(size={"height": 224, "width": 224}, resample=cubic, image_mean=[0.5] * 3, image_std=[0.5] * 3)
        output = "pooler_output"
    if not random:
        processor = t.AutoImageProcessor.from_pretrained(weights)
    data = processor(images=check_picture(), return_tensors="pt")["pixel_values"]
    return Pooled(model.eval(), output), data


def sscd_model(weights, random):
    from torchvision import models, transforms

    if random:
        backbone = models.resnet50(num_classes=512)
        model = torch.nn.Sequential(backbone).eval()
    else:
        model = torch.jit.load(weights, map_location="cpu").eval()
    prepare = transforms.Compose([transforms.Resize([320, 320]), transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    return model, prepare(check_picture()).unsqueeze(0)


def export(model, data, output):
    """Writes the graph with a free batch, and returns what PyTorch gives for the picture."""
    with torch.no_grad():
        row = model(data)
        scripted = isinstance(model, torch.jit.ScriptModule)
        axes = {"input_names": ["data"], "output_names": ["image_row"], "opset_version": 18}
        if scripted:
            torch.onnx.export(model, (data,), output, dynamo=False, dynamic_axes={"data": {0: "n"}, "image_row": {0: "n"}}, **axes)
        else:
            torch.onnx.export(model, (data.repeat(2, 1, 1, 1),), output, dynamo=True, dynamic_shapes=({0: torch.export.Dim("n")},), external_data=False, **axes)
    return row.numpy()[0]


def arcface(weights, output):
    import onnxruntime

    shutil.copyfile(weights, output)
    session = onnxruntime.InferenceSession(str(output), providers=["CPUExecutionProvider"])
    data = np.asarray(check_picture().resize((112, 112), Image.Resampling.BILINEAR), np.float32)
    data = ((data - 127.5) / 127.5).transpose(2, 0, 1)[None]
    return session.run(None, {session.get_inputs()[0].name: data})[0][0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("card", choices=sorted(path.stem for path in HERE.glob("*.json")))
    parser.add_argument("weights", nargs="?", help="file, folder or repository of the weights")
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path, help="the .onnx file to write; its card goes beside it")
    parser.add_argument("--random", action="store_true", help="random weights, to try the card without a download")
    options = parser.parse_args()
    if options.weights is None and not (options.random and options.card != "arcface-r50"):
        parser.error("expected the weights")
    torch.manual_seed(1)
    card = json.loads((HERE / f"{options.card}.json").read_text())
    if options.card == "arcface-r50":
        row = arcface(options.weights, options.output)
    else:
        model, data = sscd_model(options.weights, options.random) if options.card == "sscd" else transformers_model(options.card, options.weights, options.random)
        row = export(model, data, str(options.output))
    if card["output"].get("select") == "first-token":
        row = row[0]
    row = row / np.linalg.norm(row)
    card["sha256"] = hashlib.sha256(options.output.read_bytes()).hexdigest()
    card["check"] = {"numbers": [float(row[i * len(row) // 10]) for i in range(10)], "tolerance": 0.02}
    if options.random:
        card["name"] += ", random weights"
    options.output.with_suffix(".json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    print(f"{options.output}: {card['name']}, {card['license']}")


if __name__ == "__main__":
    main()

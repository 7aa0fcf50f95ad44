"""Writes what pydicom reads of the files in its own wheel: python expect-dicom.py FOLDER > expected.json.

Needs pydicom 3.0.2, numpy, pylibjpeg with its plugins, and python-gdcm. FOLDER holds the unpacked wheel. Values are stored values as they are; those of
JPEG (8 bits) and JPEG 2000 colours are RGB. Of each file: shape, photometric interpretation, SHA-256 of the values as little-endian int64 (or float64), and
24 values spread over it.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.pixels import pixel_array

warnings.filterwarnings("ignore")
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203"}
COLOUR = LOSSY | {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202"}

folder = Path(sys.argv[1])
expected = {}
for path in sorted(folder.rglob("*")):
    if not path.is_file():
        continue
    try:
        ds = dcmread(path, force=True)
    except Exception:
        continue
    if not any(name in ds for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")) or "Rows" not in ds:
        continue
    name = str(path.relative_to(folder))
    try:
        syntax = str(ds.file_meta.TransferSyntaxUID)
    except Exception:
        syntax = ""
    try:
        values = pixel_array(ds, raw=syntax not in COLOUR) if syntax else ds.pixel_array
    except Exception as error:
        expected[name] = {"syntax": syntax, "error": str(error).splitlines()[0][:120]}
        continue
    flat = np.ascontiguousarray(values).reshape(-1)
    wide = flat.astype("<f8" if flat.dtype.kind == "f" else "<i8")
    picks = np.unique(np.linspace(0, len(flat) - 1, 24).astype(int))
    expected[name] = {
        "syntax": syntax,
        "shape": list(values.shape),
        "lossy": syntax in LOSSY,
        "sha256": hashlib.sha256(wide.tobytes()).hexdigest(),
        "picks": [[int(i), flat[i].item()] for i in picks],
    }
json.dump(expected, sys.stdout, indent=0)

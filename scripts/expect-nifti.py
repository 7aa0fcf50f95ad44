"""Writes what nibabel reads of the volumes in its own wheel, and 45 small files with what it reads of them: python expect-nifti.py FOLDER > nifti.json.

Needs nibabel 5.4.2. FOLDER holds the unpacked wheel. Values are those of the first volume after scaling, columns fastest, as little-endian float64: their SHA-256. Written files
are gzip in base64: ten types of whole and real numbers and complex ones, in both byte orders, as NIfTI-1 and -2, and one that is scaled.
"""

import base64
import gzip
import hashlib
import io
import json
import sys
from pathlib import Path

import nibabel as nib
import numpy as np

TYPES = ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8"]
VOLUMES = ["anatomical.nii", "functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz", "reoriented_anat_moved.nii", "resampled_anat_moved.nii", "standard.nii.gz"]


def told(image):
    values = np.asarray(image.dataobj)
    if values.dtype.kind == "c":
        return {"type": "complex"}
    values = image.get_fdata(dtype=np.float64)
    while values.ndim > 3:
        values = values[..., 0]
    flat = values.reshape(-1, order="F").astype("<f8")
    return {
        "size": list((list(image.shape) + [1, 1])[:3]),
        "count": int(np.prod(image.shape[3:])) if len(image.shape) > 3 else 1,
        "spacing": [float(value) for value in (list(image.header.get_zooms()) + [1, 1])[:3]],
        "sha256": hashlib.sha256(flat.tobytes()).hexdigest(),
    }


def written(kind, dtype, order, scaled=False):
    rng = np.random.default_rng(len(dtype) + 7 * scaled)
    values = rng.integers(0, 120, (4, 3, 2, 2)) if dtype[0] == "u" else rng.integers(-120, 120, (4, 3, 2, 2))
    values = values.astype(order + dtype) if dtype[0] != "f" else (values * 0.37).astype(order + dtype)
    shape = nib.Nifti2Image if kind == 2 else nib.Nifti1Image
    header = (nib.Nifti2Header if kind == 2 else nib.Nifti1Header)(endianness=order)
    header.set_data_dtype(np.dtype(order + dtype))
    image = shape(values, np.diag([1.5, 2, 3, 1]), header, dtype=np.dtype(order + dtype))
    if scaled:
        image.header.set_slope_inter(0.25, -3)
    raw = image.to_bytes()
    back = shape.from_bytes(raw)
    return {"version": kind, "type": dtype, "order": order, "scaled": scaled, "gzip": base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode(), **told(back)}


folder = Path(sys.argv[1]) / "nibabel/tests/data"
out = {
    "volumes": {name: told(nib.load(folder / name)) for name in VOLUMES},
    "written": [written(kind, dtype, order) for kind in (1, 2) for order in "<>" for dtype in TYPES] + [written(1, "i2", "<", True)],
}
print(json.dumps(out, indent=1))

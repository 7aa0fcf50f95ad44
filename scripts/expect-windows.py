# Writes test/audit-medical/fixtures/windows.json: light by pydicom's own windows and palettes. pip install pydicom==3.0.2 numpy, and the wheel unpacked in .cache/medical.
import json
import os

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, apply_windowing

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VALUES = [-1500.0, -1000.0, -160.0, -100.5, 0.0, 39.0, 39.5, 40.0, 40.5, 41.0, 127.0, 239.0, 240.0, 3000.0]

windows = []
for name in ('LINEAR', 'LINEAR_EXACT', 'SIGMOID', None):
    for centre, width in ((40, 400), (40, 1), (2048, 4096), (0.5, 1.5)):
        if name == 'LINEAR_EXACT' and width <= 0:
            continue
        data = Dataset()
        data.PhotometricInterpretation = 'MONOCHROME2'
        data.BitsStored = 16
        data.PixelRepresentation = 0
        data.WindowCenter = centre
        data.WindowWidth = width
        if name is not None:
            data.VOILUTFunction = name
        light = apply_windowing(np.array(VALUES), data) / 65535
        windows.append({'centre': centre, 'width': width, 'form': name or '', 'light': [round(float(x), 9) for x in light]})

palettes = {}
for name in ('examples_palette.dcm', 'OBXXXX1A.dcm', '693_UNCI.dcm'):
    for folder in ('data/test_files', 'data/palettes', 'data'):
        path = os.path.join(ROOT, '.cache/medical/pydicom', folder, name)
        if not os.path.exists(path):
            continue
        data = dcmread(path)
        if data.PhotometricInterpretation != 'PALETTE COLOR':
            continue
        colours = apply_color_lut(data.pixel_array, data).reshape(-1, 3).astype(np.float64)
        stored = data.pixel_array.reshape(-1)
        picks = list(range(0, len(stored), max(1, len(stored) // 40)))
        most = 65535 if colours.max() > 255 or data.RedPaletteColorLookupTableDescriptor[2] > 8 else 255
        weights = np.array([0.299, 0.587, 0.114])
        palettes[f'{folder}/{name}'] = [[int(stored[i]), round(float(colours[i] @ weights / most), 9)] for i in picks]

with open(os.path.join(ROOT, 'test/audit-medical/fixtures/windows.json'), 'w', encoding='utf-8') as file:
    json.dump({'values': VALUES, 'windows': windows, 'palettes': palettes}, file, separators=(',', ':'))
    file.write('\n')
print(len(windows), {name: len(picks) for name, picks in palettes.items()})

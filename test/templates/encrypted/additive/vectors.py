# Made the numbers of vectors.test.ts, from docs/encrypted.md alone: python3 vectors.py (takes cryptography).
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

N = 2048
MASTER, SEED = bytes(range(32)), bytes(255 - i for i in range(32))


def stream(root, purpose, length):
    info = b"biolens/additive/1/" + purpose.encode()
    key = HKDF(hashes.SHA256(), 32, bytes(32), info).derive(root)
    return Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(length))


def public(j):
    return struct.unpack(f"<{N}i", stream(SEED, f"public/{j}", 4 * N))


def secret(block):
    pairs = [(byte >> shift) & 3 for byte in stream(MASTER, f"secret/{block}", 2 * N) for shift in (0, 2, 4, 6)]
    return [pair - 1 for pair in pairs if pair < 3][:N]


def pad(a, s, i):
    total = sum(a[k] * s[i - k] if k <= i else -a[k] * s[N + i - k] for k in range(N))
    return (total + 2**31) % 2**32 - 2**31


s = secret(3)
print("public", public(0)[:4])
print("secret", s[:16], sum(s))
print("pads", [pad(public(j), s, 5) for j in range(4)])

"""Flower's SecAgg+ by its own library functions, in CPU seconds: secagg-peer.py CLIENTS ENTRIES NEIGHBOURS DROPPED.

One whole client, and of the server every kind of work timed on three secrets and multiplied by how often it is done.
"""
import json
import os
import sys
import time
from importlib.metadata import version

import numpy as np
from flwr.common.secure_aggregation.crypto.shamir import combine_shares, create_shares
from flwr.common.secure_aggregation.crypto.symmetric_encryption import decrypt, encrypt, generate_shared_key
from flwr.common.secure_aggregation.ndarrays_arithmetic import (
    parameters_addition,
    parameters_mod,
    parameters_subtraction,
)
from flwr.common.secure_aggregation.secaggplus_utils import pseudo_rand_gen, share_keys_plaintext_concat
from cryptography.hazmat.primitives.asymmetric import ec

N, ENTRIES, K, DROPPED = map(int, sys.argv[1:5])
THRESHOLD = K // 2 + 1
RANGE = 2**32
keys = [ec.generate_private_key(ec.SECP384R1()) for _ in range(K + 1)]
own, others = keys[0], keys[1:]
shape = [(ENTRIES,)]
vector = [np.random.randint(0, 1 << 16, ENTRIES)]


def timed(work):
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def client():
    seed = os.urandom(32)
    shares = [create_shares(seed, THRESHOLD, K + 1), create_shares(os.urandom(306), THRESHOLD, K + 1)]
    sealed = []
    for i, other in enumerate(others):
        key = generate_shared_key(own, other.public_key())
        sealed.append((key, encrypt(key, share_keys_plaintext_concat(0, i + 1, shares[0][i + 1], shares[1][i + 1]))))
    for key, text in sealed:
        decrypt(key, text)
    masked = parameters_addition(vector, pseudo_rand_gen(seed, RANGE, shape))
    for i, other in enumerate(others):
        mask = pseudo_rand_gen(generate_shared_key(own, other.public_key()), RANGE, shape)
        masked = (parameters_addition if i % 2 == 0 else parameters_subtraction)(masked, mask)
    return parameters_mod(masked, RANGE)


masked, client_seconds = timed(client)
secret, key_secret = os.urandom(32), os.urandom(306)
seed_shares, key_shares = create_shares(secret, THRESHOLD, K + 1), create_shares(key_secret, THRESHOLD, K + 1)
TURNS = 3


def per(work):
    return timed(lambda: [work() for _ in range(TURNS)])[1] / TURNS


add = per(lambda: parameters_addition(masked, vector))
combine_seed = per(lambda: combine_shares(seed_shares[:K]))
combine_key = per(lambda: combine_shares(key_shares[:K]))
mask = per(lambda: parameters_subtraction(masked, pseudo_rand_gen(secret, RANGE, shape)))
agree = per(lambda: generate_shared_key(own, others[0].public_key()))
alive = N - DROPPED
near = round(K * alive / N)
server = alive * (add + combine_seed + mask) + DROPPED * (combine_key + near * (agree + mask))
print(
    json.dumps(
        {"client": client_seconds, "server": server, "upload": masked[0].nbytes, "version": f"flwr {version('flwr')}"}
    )
)

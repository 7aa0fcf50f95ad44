# Dimension-packed matching by other libraries, one thread: LIBRARY MODE DIMENSION TURNS. Prints the least processor seconds a template, or with mode pair of one match of two.
import importlib.metadata
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
library, mode, dimension, turns = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
SLOTS = 4096
gallery = [[((i * 7 + j * 13) % 200 - 100) / 2000 for i in range(SLOTS)] for j in range(dimension)]
probe = [((j * 29) % 200 - 100) / 2000 + 0.001 for j in range(dimension)]

if library == "tenseal":
    import tenseal

    context = tenseal.context(tenseal.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[60, 40, 60], n_threads=1)
    context.global_scale = 2**40
    if mode == "pair":
        context.generate_galois_keys()
        gallery, probe_vector = gallery[:1], tenseal.ckks_vector(context, probe)
        template = tenseal.ckks_vector(context, probe)
    encrypted = [tenseal.ckks_vector(context, values) for values in gallery]
    factors = [tenseal.ckks_vector(context, [value] * SLOTS) for value in probe] if mode == "both" else probe

    def match():
        if mode == "pair":
            return template.dot(probe_vector)
        total = encrypted[0] * factors[0]
        for one, factor in zip(encrypted[1:], factors[1:]):
            total += one * factor
        return total

    version = tenseal.__version__
else:
    import openfhe

    parameters = openfhe.CCParamsCKKSRNS()
    parameters.SetMultiplicativeDepth(1)
    parameters.SetScalingModSize(40)
    parameters.SetRingDim(8192)
    parameters.SetSecurityLevel(openfhe.HEStd_NotSet)
    parameters.SetBatchSize(SLOTS)
    context = openfhe.GenCryptoContext(parameters)
    for feature in (openfhe.PKE, openfhe.KEYSWITCH, openfhe.LEVELEDSHE):
        context.Enable(feature)
    keys = context.KeyGen()
    context.EvalMultKeyGen(keys.secretKey)
    encrypt = lambda values: context.Encrypt(keys.publicKey, context.MakeCKKSPackedPlaintext(values))
    encrypted = [encrypt(values) for values in gallery]
    factors = probe if mode == "clear" else [encrypt([value] * SLOTS) for value in probe]

    def match():
        multiply = context.EvalMult if mode == "clear" else context.EvalMultNoRelin
        total = multiply(encrypted[0], factors[0])
        for one, factor in zip(encrypted[1:], factors[1:]):
            total = context.EvalAdd(total, multiply(one, factor))
        return total if mode == "clear" else context.Relinearize(total)

    version = importlib.metadata.version("openfhe")

best = float("inf")
for _ in range(turns):
    start = time.process_time()
    match()
    best = min(best, time.process_time() - start)
print(json.dumps({"seconds": best if mode == "pair" else best / SLOTS, "version": version}))

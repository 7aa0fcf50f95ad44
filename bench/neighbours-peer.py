# The same search by faiss's exact index: BASE.npy QUERIES.npy K THREADS OUT. Loading and adding are not timed.
import json
import sys
import time

import faiss
import numpy as np

base_path, queries_path, k, threads, out = sys.argv[1:]
faiss.omp_set_num_threads(int(threads))
base = np.load(base_path)
queries = np.load(queries_path)
index = faiss.IndexFlatIP(base.shape[1])
index.add(base)

start, before = time.perf_counter(), time.process_time()
_, indices = index.search(queries, int(k))
seconds, processor = time.perf_counter() - start, time.process_time() - before

indices.astype("<i4").tofile(out)
print(json.dumps({"seconds": seconds, "processorSeconds": processor, "version": faiss.__version__}))

"""dp-accounting's side of privacy.ts: CPU seconds and ε by each accountant, as JSON."""
import importlib.metadata
import json
import sys
import time

from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent, SelfComposedDpEvent
from dp_accounting.pld import PLDAccountant
from dp_accounting.rdp import RdpAccountant

noise, rate, steps, delta, turns = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
event = SelfComposedDpEvent(PoissonSampledDpEvent(rate, GaussianDpEvent(noise)), steps)
found = {'version': importlib.metadata.version('dp-accounting')}
for name, make in (('rdp', RdpAccountant), ('pld', PLDAccountant)):
    seconds = []
    for _ in range(turns):
        start = time.process_time()
        accountant = make()
        accountant.compose(event)
        epsilon = float(accountant.get_epsilon(delta))
        seconds.append(time.process_time() - start)
    found[name] = {'seconds': seconds, 'epsilon': epsilon}
print(json.dumps(found))

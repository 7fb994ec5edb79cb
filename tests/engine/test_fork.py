"""A child of fork uses what threads of its parent used when it was made."""

import sys

import pytest
from processes import START, check, python

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="no fork there"),
    # From 3.12 on, Python warns of any fork beside threads.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

# Threads that keep at something until the process ends, and children.
FORK = """
import warnings
warnings.simplefilter("ignore")
sys.setswitchinterval(1e-4)  # threads take turns more often, and forks too

def keep(*jobs):
    def run(job):
        while True:
            job()

    for job in jobs:
        threading.Thread(target=run, args=(job,), daemon=True).start()

def fork(check):
    child = os.fork()
    if not child:
        signal.alarm(60)
        code = 1
        try:
            check()
            code = 0
        except SystemExit:
            raise
        except BaseException:
            import traceback
            traceback.print_exc()
        os._exit(code)
    return child

def wait(children):
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
"""


def check_fork(code, path):
    check(FORK + code + "\nprint('done', flush=True)\nos._exit(0)", path)


def test_models(default):
    code = """
other = model.copy()
batch = np.stack([model.features(audio)] * 20)
logits = model.logits(batch)
keep(lambda: model.classify(audio), lambda: model.classify(audio),
     lambda: other.logits(batch), lambda: Model.load(sys.argv[1]))

def use():
    for each in (model, other, model.copy(), Model.load(sys.argv[1])):
        assert (each.classify(audio) == expected).all()
        assert (each.logits(batch[:2]) == logits[:2]).all()
        each.thinning = 4
    thread = threading.Thread(target=lambda: model.classify(audio))
    thread.start()
    thread.join()
    other.close()

wait([fork(use) for _ in range(40)])
"""
    check_fork(code, default.path)


def test_streams(default):
    code = """
busy, idle, long = model.stream(), model.stream(), np.tile(audio, 100)
idle.push(audio[:9000])
keep(lambda: busy.push(long))

def use():
    assert (idle.push(audio[9000:]) == expected).all()
    try:
        busy.push(audio)
        sys.exit(3)  # it was free just then
    except RuntimeError as error:
        assert "cut a push short; reset() it, or make" in str(error)
    assert busy.thinning == 1
    busy.reset()
    assert (busy.push(audio) == expected).all()
    busy.close()

codes = [os.waitpid(fork(use), 0)[1] for _ in range(30)]
assert {*codes} <= {0, 3 << 8} and codes.count(0) > 10, codes
"""
    check_fork(code, default.path)


def test_children_end_in_any_way(default):
    code = """
import gc
stream = model.stream()
keep(lambda: model.classify(audio), lambda: stream.push(np.tile(audio, 9)))

def collect():
    global model, stream
    del model, stream
    gc.collect()

def leave():
    sys.exit(0)

def close():
    with model, stream:
        pass
    sys.exit(0)

def fork_again():
    keep(lambda: model.classify(audio))
    wait([fork(lambda: model.classify(audio)) for _ in range(3)])

endings = (collect, leave, close, fork_again)
wait([fork(end) for end in endings * 5])
"""
    check_fork(code, default.path)


def test_a_fork_within_a_use(default):
    """By a signal handler: the use goes on in both processes."""
    code = """
stream, long = model.stream(), np.tile(audio, 4)
every, parent, children = stream.push(long), os.getpid(), []

def handler(*_):
    child = os.fork()
    if child:
        children.append(child)

signal.signal(signal.SIGALRM, handler)
random.seed(0)
while len(children) < 40:
    stream.reset()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 3e-3))
    found = stream.push(long)
    if os.getpid() != parent:
        signal.alarm(60)
        again = threading.Thread(target=model.classify, args=(audio,))
        again.start()
        again.join()
        os._exit(0 if (found == every).all() else 1)
    assert (found == every).all()
wait(children)
"""
    check_fork(code, default.path)


def test_a_pool_of_processes(default):
    code = """
import multiprocessing

def classify(_):
    return model.classify(audio).tolist()

keep(lambda: model.classify(audio))
context = multiprocessing.get_context("fork")
for _ in range(5):
    with context.Pool(4) as pool:
        assert pool.map(classify, range(20)) == [expected.tolist()] * 20
"""
    check_fork(code, default.path)


@pytest.mark.slow
def test_the_workers_of_a_data_loader(default):
    code = """
import torch

class Clips(torch.utils.data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return model.classify(audio)

keep(lambda: model.classify(audio))
torch.set_num_threads(1)
for _ in range(5):
    loader = torch.utils.data.DataLoader(
        Clips(), num_workers=2, multiprocessing_context="fork"
    )
    for (found,) in loader:
        assert (found.numpy() == expected).all()
"""
    check_fork(code, default.path)


def test_a_new_interpreter_is_refused_a_model(default):
    """It would need a copy of the memory: what to do is said."""
    code = """
import multiprocessing

context = multiprocessing.get_context("spawn")
try:
    context.Process(target=print, args=(model,)).start()
except TypeError as error:
    print(error)
"""
    ended = python(START + code, default.path)
    assert "cannot be pickled; pass the path of the file" in ended.stdout

"""The keyword spotters that are compared, and what they need."""

from typing import NamedTuple


class Peer(NamedTuple):
    """A keyword spotter.

    Arguments
    ---------
    key : str
        Its name in the results.
    title : str
        For people.
    module : str
        Of ``benchmarks.backends``.
    requirements : str
        The file of what it imports; empty: it runs in this environment.
    options : tuple of str
        Given to the module.
    """

    key: str
    title: str
    module: str
    requirements: str = ""
    options: tuple[str, ...] = ()


ENGINE = Peer("engine", "this project", "keyword_engine")
PEERS = (
    ENGINE,
    Peer("microwakeword", "microWakeWord", "keyword_micro", "micro.txt"),
    Peer("openwakeword", "openWakeWord", "keyword_open", "open_wake_word.txt"),
    Peer("pocketsphinx", "PocketSphinx", "keyword_sphinx", "pocketsphinx.txt"),
    Peer(
        "pocketsphinx_tuned",
        "PocketSphinx, tuned",
        "keyword_sphinx",
        "pocketsphinx.txt",
        ("--phone_loop=1e-5",),
    ),
)

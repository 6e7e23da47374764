"""Resources of processes."""

import os
import socket
import subprocess
import sys

from bench.processes import family, usage


def test_own_sockets_are_counted() -> None:
    before = usage(os.getpid())
    with socket.create_server(("127.0.0.1", 0)):
        after = usage(os.getpid())
    assert after.sockets == before.sockets + 1
    assert after.descriptors > before.descriptors
    assert before.unshared_bytes > 0


def test_children_belong_to_their_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as child:
        assert child.pid in family(os.getpid())
        assert usage(os.getpid()).processes >= 2
        child.communicate(b"\n")
    assert child.pid not in family(os.getpid())


def test_ended_processes_use_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert usage(child.pid).descriptors == 0

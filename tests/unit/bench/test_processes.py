"""Resources of processes."""

import os
import subprocess
import sys

from bench.processes import family, usage

_LISTENER = """
import socket
print(flush=True)
input()
with socket.create_server(("127.0.0.1", 0)):
    print(flush=True)
    input()
"""


def test_sockets_are_counted() -> None:
    # This process may have servers as children, whose connections come and go.
    with subprocess.Popen(
        [sys.executable, "-c", _LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as listener:
        assert listener.stdin is not None
        assert listener.stdout is not None
        listener.stdout.readline()
        before = usage(listener.pid)
        listener.stdin.write(b"\n")
        listener.stdin.flush()
        listener.stdout.readline()
        after = usage(listener.pid)
        listener.communicate(b"\n")
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

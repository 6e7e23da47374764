import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from devstack import identity
from devstack import launch as launch_program
from devstack.errors import StartError
from devstack.identity import (
    ProcessIdentity,
    hand_over,
    launcher_command,
    unprivileged_identity,
    works,
)

WHO = "id -u; grep CapEff /proc/self/status; umask"
DEATH_SIGNAL = """
import ctypes
number = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(number))
print(number.value)
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def launch(
    *options: str, command: Sequence[str] = ("/bin/sh", "-c", WHO)
) -> tuple[int, list[str], str]:
    result = subprocess.run(
        [*launcher_command(*options), *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return result.returncode, result.stdout.split(), result.stderr


def test_the_own_user_with_a_private_umask() -> None:
    code, words, _ = launch("--identity", "self")
    assert code == 0
    assert words[0] == str(os.geteuid())
    assert words[-1] == "0077"


def test_the_exit_code_is_that_of_the_program() -> None:
    assert launch(command=("/bin/sh", "-c", "exit 7"))[0] == 7


def test_a_missing_program_is_named() -> None:
    code, _, errors = launch(command=("/no/such/thing",))
    assert code == 127
    assert errors == "cannot run /no/such/thing: No such file or directory\n"


def test_nothing_is_run_after_the_parent_has_ended() -> None:
    code, words, _ = launch("--parent", "1234567", "--death-signal", "9")
    assert code == 128 + 9
    assert words == []


def test_the_program_is_run_while_the_parent_is_alive() -> None:
    assert launch("--parent", str(os.getpid()), "--death-signal", "9")[0] == 0


@as_root
@pytest.mark.skipif(
    not works(ProcessIdentity.NAMESPACE), reason="user namespaces are forbidden here"
)
def test_an_ordinary_user_in_a_namespace_owns_roots_files(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    made = tmp_path / "made"
    command = ("/bin/sh", "-c", f"{WHO}; touch {made}")
    code, words, _ = launch("--identity", "namespace", command=command)
    assert code == 0
    assert pwd.getpwuid(int(words[0])).pw_uid != 0  # initdb looks up the name
    assert int(words[2], 16) == 0  # no capability is left
    assert made.stat().st_uid == 0


@as_root
def test_nobody_can_only_look_into_private_directories(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "there").touch()
    refused = tmp_path / "refused"
    command = ("/bin/sh", "-c", f"{WHO}; ls {tmp_path}; touch {refused}; kill -0 1")
    code, words, errors = launch("--identity", "nobody", command=command)
    assert code != 0
    assert words[0] == "65534"
    assert bin(int(words[2], 16)).count("1") == 1
    assert "there" in words[3:]
    assert "not permitted" in errors
    if int(words[2], 16) == 1 << 2:  # CAP_DAC_READ_SEARCH, which lets nothing be written
        assert not refused.exists()


@as_root
@pytest.mark.parametrize("kind", ["namespace", "nobody"])
def test_the_death_signal_survives_the_change_of_identity(kind: str) -> None:
    if not works(ProcessIdentity(kind)):
        pytest.skip(f"cannot become {kind} here")
    parent = str(os.getpid())
    code, words, errors = launch(
        *("--identity", kind, "--parent", parent, "--death-signal", "15"),
        command=(sys.executable, "-I", "-S", "-c", DEATH_SIGNAL),
    )
    assert (code, words) == (0, ["15"]), errors


def unnamed_user() -> int:
    """Return the number of a user without an entry in the list of users."""
    known = {entry.pw_uid for entry in pwd.getpwall()}
    return next(number for number in range(12_345, 60_000) if number not in known)


def test_an_ordinary_user_keeps_its_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    assert unprivileged_identity() is ProcessIdentity.SELF


def test_a_user_without_a_name_gets_one_in_a_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", unnamed_user)
    monkeypatch.setattr(identity, "works", lambda one: one is ProcessIdentity.NAMESPACE)
    assert unprivileged_identity() is ProcessIdentity.NAMESPACE
    monkeypatch.setattr(identity, "works", lambda one: False)
    with pytest.raises(StartError, match=f"user {unnamed_user()} has no entry in /etc/passwd"):
        unprivileged_identity()


def test_a_user_in_a_namespace_has_a_name_without_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(number: int) -> None:
        raise KeyError(number)

    assert launch_program.named_user() == 65534
    root, other = pwd.getpwuid(0), pwd.getpwuid(1)
    monkeypatch.setattr(pwd, "getpwuid", missing)
    monkeypatch.setattr(pwd, "getpwall", lambda: [root, other])
    assert launch_program.named_user() == 1
    monkeypatch.setattr(pwd, "getpwall", lambda: [root])
    assert launch_program.named_user() == 65534


@pytest.mark.parametrize(
    ("possible", "expected"),
    [
        ({ProcessIdentity.NAMESPACE, ProcessIdentity.NOBODY}, ProcessIdentity.NAMESPACE),
        ({ProcessIdentity.NOBODY}, ProcessIdentity.NOBODY),
    ],
)
def test_root_takes_an_identity_allowed_by_the_machine(
    monkeypatch: pytest.MonkeyPatch, possible: set[ProcessIdentity], expected: ProcessIdentity
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(identity, "works", lambda one: one in possible)
    assert unprivileged_identity() is expected


def test_root_without_another_identity_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(identity, "works", lambda one: False)
    with pytest.raises(StartError, match="ordinary user"):
        unprivileged_identity()


@as_root
def test_a_tree_changes_hands_and_back(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "file").touch()
    (tree / "link").symlink_to("/etc/hostname")
    everything = [tree, *tree.rglob("*")]
    for kind, owner in ((ProcessIdentity.NOBODY, 65534), (ProcessIdentity.NAMESPACE, 0)):
        hand_over(tree, kind)
        assert {path.lstat().st_uid for path in everything} == {owner}


@as_root
def test_a_single_file_changes_hands(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    hand_over(file, ProcessIdentity.NOBODY)
    assert file.stat().st_uid == 65534

"""Launcher of a child process (`python -I -S launch.py`): prepares the process, then runs exec.

It is a separate program instead of a `preexec_fn`, because running Python between fork and exec can
deadlock in a parent with threads (gRPC has many). It only uses the standard library and imports
nothing late: the interpreter's directory may not be readable after the change of user.
"""

import argparse
import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CLONE_NEWUSER = 0x10000000
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522

NOBODY = 65534

libc = ctypes.CDLL(None, use_errno=True)


class CapabilityHeader(ctypes.Structure):
    """`struct __user_cap_header_struct`."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilitySets(ctypes.Structure):
    """`struct __user_cap_data_struct`, the low 32 capabilities and then the high ones."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def checked(result: int, action: str) -> None:
    """Raise OSError with the errno of a libc call unless its result is 0."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{action}: {os.strerror(number)}")


def named_user() -> int:
    """Return the number of an ordinary user with a name, because initdb looks up its user's."""
    try:
        return pwd.getpwuid(NOBODY).pw_uid
    except KeyError:
        return next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0), NOBODY)


def enter_user_namespace() -> None:
    """Become an ordinary user in a new namespace. This user's files still belong to it."""
    user, group, inside = os.geteuid(), os.getegid(), named_user()
    checked(libc.unshare(CLONE_NEWUSER), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {user} 1"),
        ("gid_map", f"{inside} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def become_nobody() -> None:
    """Change from root to user 65534, keeping only the right to look into private directories.

    Otherwise programs and data below a directory with mode 0700, such as root's home, could not be
    reached.
    """
    header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
    sets = (CapabilitySets * 2)()
    checked(libc.capget(ctypes.byref(header), ctypes.byref(sets)), "capget")
    kept = next(
        (bit for bit in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if sets[0].permitted >> bit & 1),
        None,
    )
    checked(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    mask = 0 if kept is None else 1 << kept
    sets[0] = CapabilitySets(mask, mask, mask)
    sets[1] = CapabilitySets(0, 0, 0)
    checked(libc.capset(ctypes.byref(header), ctypes.byref(sets)), "capset")
    if kept is not None:
        raised = libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept, 0, 0)
        checked(raised, "ambient capability")


def die_with(parent: int, signal_number: int) -> None:
    """Have the kernel send a signal when the parent ends. Exit if it already has."""
    checked(libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "parent death signal")
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def main() -> None:
    """Parse the options, change identity, bind to the parent's life, and run the command."""
    # The parent blocks it until here. From now on it ends this process like any program.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parser = argparse.ArgumentParser()
    parser.add_argument("--identity", choices=("self", "namespace", "nobody"), default="self")
    parser.add_argument("--parent", type=int, default=0)
    parser.add_argument("--death-signal", type=int, default=0)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    os.umask(0o077)
    if options.identity == "namespace":
        enter_user_namespace()
    elif options.identity == "nobody":
        become_nobody()
    if options.death_signal:
        # Last, because the kernel drops the request when the process changes its identity.
        die_with(options.parent, options.death_signal)
    try:
        os.execvpe(command[0], command, os.environ)  # noqa: S606 - becoming another program is the point
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main()

"""The walls that a child process raises round itself before it reads a byte of what came.

    limits      memory, seconds of CPU, no file to be written, no file to be opened, no further process
    system      of all system calls only those that a computation on two open pipes needs (seccomp, Linux)
    network     a network of its own that leads nowhere, and no identity of the one who started it (namespaces)

Each holds without the others; a kernel may refuse the second and the third, and then they are reported as missing.
Nothing is ever taken down again.  No wall is raised by a library: these are a few calls, and whoever wants to
know what the child may do reads them here.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import struct
from collections.abc import Callable
from typing import Final

import msgspec

_NOBODY: Final = 65_534
_STANDARD_STREAMS: Final = 3

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_SIGKILL: Final = 9
_NEW_IPC, _NEW_USER, _NEW_NET = 0x08000000, 0x10000000, 0x40000000

# The calls that remain: memory, the open pipes, the clock, chance for hashes, signals to oneself, the end.
_ALLOWED: Final = {
    "x86_64": (
        0xC000003E,
        {
            "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11,
            "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "mremap": 25,
            "madvise": 28, "getpid": 39, "exit": 60, "sigaltstack": 131, "gettid": 186, "futex": 202,
            "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "exit_group": 231, "getrandom": 318,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "close": 57, "lseek": 62, "read": 63, "write": 64, "fstat": 80, "exit": 93, "exit_group": 94, "futex": 98,
            "clock_gettime": 113, "clock_getres": 114, "sched_yield": 124, "restart_syscall": 128, "sigaltstack": 132,
            "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "getpid": 172, "gettid": 178,
            "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278,
        },
    ),
}  # fmt: skip
_LOAD_WORD, _JUMP_EQUAL, _JUMP_GREATER, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # the call fails with EPERM
_OTHER_ABI: Final = 0x40000000  # x32 calls have numbers from here on


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a child may use.  `without` names walls that are left down, for tests of the others."""

    memory: int = 512 * 2**20  # bytes of address space
    cpu: int = 20  # seconds of CPU
    wall: float = 60.0  # seconds in all, kept by the one who started the child
    output: int = 64 * 2**20  # bytes of its answer
    without: tuple[str, ...] = ()


class Walls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which walls stand, and which the system did not grant."""

    standing: tuple[str, ...]
    missing: tuple[str, ...]


def raise_walls(limits: Limits) -> Walls:
    """Raises them in an order in which each can still be raised; OSError where the limits cannot be set."""
    libc = ctypes.CDLL(None, use_errno=True)
    granted: dict[str, bool] = {}
    steps: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("network", lambda: _apart(libc)),
        ("limits", lambda: _limited(limits)),
        ("system", lambda: _filtered(libc)),
    )
    os.closerange(_STANDARD_STREAMS, 1024)
    for name, step in steps:
        if name not in limits.without:
            granted[name] = step()
    return Walls(
        tuple(name for name, stands in granted.items() if stands),
        tuple(name for name, _ in steps if not granted.get(name)),
    )


def _apart(libc: ctypes.CDLL) -> bool:
    """A network and an identity of one's own; False where the kernel does not grant it."""
    with contextlib.suppress(AttributeError):  # not Linux
        libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    alone = False
    if os.geteuid() == 0:
        alone = _unshared(libc, _NEW_NET | _NEW_IPC)
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    return alone or _unshared(libc, _NEW_USER | _NEW_NET | _NEW_IPC)


def _unshared(libc: ctypes.CDLL, flags: int) -> bool:
    try:
        return int(libc.unshare(flags)) == 0
    except AttributeError:  # not Linux
        return False


def _limited(limits: Limits) -> bool:
    wanted = {
        "RLIMIT_AS": limits.memory,
        "RLIMIT_DATA": limits.memory,
        "RLIMIT_CPU": limits.cpu,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": _STANDARD_STREAMS,
        "RLIMIT_NPROC": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    for name, value in wanted.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            _, highest = resource.getrlimit(kind)
            most = value if highest == resource.RLIM_INFINITY else min(value, highest)
            # a second more before the end that cannot be caught, so that the first signal says what happened
            resource.setrlimit(kind, (most, most + 1 if name == "RLIMIT_CPU" and most < highest % 2**62 else most))
    return True


def _filtered(libc: ctypes.CDLL) -> bool:
    """Leaves the calls of the table; False where this kernel or machine has no such filter."""
    known = _ALLOWED.get(platform.machine())
    if known is None or not hasattr(libc, "prctl"):
        return False
    architecture, calls = known
    program = _program(architecture, sorted(calls.values()))
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HP", len(program) // 8, ctypes.addressof(code))  # struct sock_fprog, padded as C pads it
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return int(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(head, len(head)))) == 0


def _program(architecture: int, calls: list[int]) -> bytes:
    """The filter: another machine's calls and all that are not in the list fail, and the process goes on."""
    count = len(calls)
    steps = [
        (_LOAD_WORD, 0, 0, 4),  # the machine
        (_JUMP_EQUAL, 0, count + 2, architecture),
        (_LOAD_WORD, 0, 0, 0),  # the call's number
        (_JUMP_GREATER, count, 0, _OTHER_ABI),
        *((_JUMP_EQUAL, count - at, 0, number) for at, number in enumerate(calls)),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)

"""The rights that each operation of the audio API needs, and calls of it by everybody."""

from collections.abc import Mapping

from common.identity import Scope
from common.rights import LEAST_ROLE, NEEDED_SCOPE, Right
from tests.e2e.everybody import Caller, World

_PREFIXES = ("/v1", "/openai/v1")
#: A call stores a recording, reads its transcript, and deletes it then.
_CALL = (Right.CREATE, Right.READ, Right.DELETE)
#: Needed rights by operation. Everybody may call one that needs none.
RIGHTS: Mapping[tuple[str, str], tuple[Right, ...]] = {
    (method, f"{prefix}{path}"): rights
    for prefix in _PREFIXES
    for method, path, rights in (
        ("POST", "/audio/transcriptions", _CALL),
        ("POST", "/audio/translations", _CALL),
        ("GET", "/models", ()),
        ("GET", "/models/{model}", ()),
    )
}
_MODEL = "whisper-1"
#: Its content is refused, but only after the rights of the caller.
_NO_RECORDING = b"These are words. " * 100
_ACCEPTED = frozenset({200, 400})


def problems(world: World) -> list[str]:
    """Return the calls whose outcome differs from the rights of their operation."""
    return [
        problem
        for operation, rights in RIGHTS.items()
        for caller in world.callers
        if (problem := _problem(operation, rights, caller)) is not None
    ]


def _problem(operation: tuple[str, str], rights: tuple[Right, ...], caller: Caller) -> str | None:
    method, path = operation
    form = {"model": _MODEL} if method == "POST" else None
    files = {"file": ("words.wav", _NO_RECORDING)} if method == "POST" else None
    answer = caller.http.request(method, path.format(model=_MODEL), data=form, files=files)
    wanted = _refusal(rights, caller) or _ACCEPTED
    if answer.status_code in wanted:
        return None
    return (
        f"{method} {path} by {caller.name}: {answer.status_code} in place of {sorted(wanted)}: "
        f"{answer.text[:200]}"
    )


def _refusal(rights: tuple[Right, ...], caller: Caller) -> frozenset[int]:
    """Return the status of a refusal, none if the caller has the rights."""
    if not rights:
        return frozenset()
    if caller.nobody:
        return frozenset({401})
    permitted = all(_has(caller, right) for right in rights)
    return frozenset() if permitted else frozenset({403})


def _has(caller: Caller, right: Right) -> bool:
    if caller.link:
        return False
    if caller.role is None:
        # In a workspace of their own, everybody is a manager.
        return True
    return caller.role >= LEAST_ROLE[right] and _in_scope(caller.scope, right)


def _in_scope(scope: Scope | None, right: Right) -> bool:
    return scope is None or NEEDED_SCOPE[right] is scope

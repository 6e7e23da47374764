"""Every RPC, called with and without its right.

Callers with the right name things that do not exist, so that nothing changes. Callers without it
name those of the workspace that owns everything, and are refused.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from common.identity import Role, Scope
from common.rights import LEAST_ROLE, NEEDED_SCOPE, Right
from common.rpc_rights import RULES, Reach, Rule
from tests import operations
from tests.e2e.everybody import Caller, World
from tests.e2e.grpc_methods import PROCESSES, callable_of
from tests.e2e.owners import NEVER_GIVEN
from tests.e2e.stack import Stack

_CONTRACTS = ("admin", "status", "maintenance", "workspace_settings")
_PROCESSES = {
    **PROCESSES,
    "AdminService": "transcriber-api",
    "StatusService": "transcriber-api",
    "WorkspaceSettingsService": "transcriber-api",
    "MaintenanceService": "speakers",
}
#: Fields without which a request is refused before anything else.
_REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "EditTranscript": {
        "operations": [
            {"add_note": {"first_word_id": "1.1", "last_word_id": "1.1", "text": "Hush."}}
        ]
    },
    "UpdateTerm": {"text": "hush"},
    "UpdateCorrection": {"heard": "hash", "meant": "hush"},
    "PutChunk": {"data": "AAAA"},
    "UpdateJobPriority": {"priority": 5},
    "ShareTranscription": {"user_id": f"user_{'0' * 32}", "role": "ROLE_VIEWER"},
    "SplitSpeaker": {"observation_ids": [1], "name": "Hush"},
    "EnrollSpeaker": {"content": "AAAA"},
    "ExportTranscription": {"format": "EXPORT_FORMAT_TXT"},
}
#: Ids in lists of the caller's own things are filters.
_FILTERED = frozenset({"ListTranscriptions", "ListJobs"})
#: Reports refusals by item.
_BY_ITEM = frozenset({"BulkUpdate"})
#: End the session of their caller.
_LAST = frozenset({"InvalidateCurrentSession", "SignOut"})
_NOWHERE = {**NEVER_GIVEN, "speaker_id": 2**62}
_REFUSALS = frozenset({grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND})
_NO_RIGHT = frozenset({grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED})
_NO_CREDENTIALS = frozenset({grpc.StatusCode.UNAUTHENTICATED})
_DENIED = frozenset({grpc.StatusCode.PERMISSION_DENIED})


def methods() -> Iterator[tuple[MethodDescriptor, Rule]]:
    """Yield every method with its rule."""
    found = operations.methods()
    for name in _CONTRACTS:
        module = import_module(f"securetranscribe.v1.{name}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            found += service.methods
    for method in found:
        yield method, RULES[f"/{method.containing_service.full_name}/{method.name}"]


def problems(stack: Stack, world: World) -> list[str]:
    """Return the calls whose outcome differs from the rule of their method."""
    found = []
    for method, rule in methods():
        address = stack.services.address(_PROCESSES[method.containing_service.name])
        with grpc.insecure_channel(address) as channel:
            call = callable_of(channel, method)
            for caller in world.callers:
                problem = _problem(call, method, rule, caller, world.things)
                if problem:
                    found.append(problem)
    return found


def _problem(
    call: Any, method: MethodDescriptor, rule: Rule, caller: Caller, things: Mapping[str, Any]
) -> str | None:
    expected = refusals(method, rule, caller)
    if expected is None:
        return None
    if not expected and method.name in _LAST:
        return None
    code = _code(call, method, caller, things if expected else _NOWHERE)
    about = f"{method.full_name} by {caller.name}: {code}"
    if expected:
        return None if code in expected else f"{about} in place of {sorted(map(str, expected))}"
    return f"{about}, with the right" if code in _NO_RIGHT else None


def refusals(
    method: MethodDescriptor, rule: Rule, caller: Caller
) -> frozenset[grpc.StatusCode] | None:
    """Return the codes of a refusal, none with the right. None if it is tested elsewhere."""
    service = method.containing_service.name
    if service == "AdminService":
        return frozenset() if caller.administrator else _NO_RIGHT
    if rule.reach is Reach.PUBLIC or method.name in _BY_ITEM:
        return None
    if rule.reach is Reach.SERVICES:
        return _NO_RIGHT
    if caller.nobody:
        return _NO_CREDENTIALS
    if rule.reach is Reach.SESSION:
        return frozenset()
    if rule.reach is Reach.ACCOUNT:
        # The gateway decides on the others, as for the JSON API.
        return _DENIED if caller.link else None
    return frozenset() if _permitted(method, rule, caller) else _REFUSALS


def _permitted(method: MethodDescriptor, rule: Rule, caller: Caller) -> bool:
    if caller.role is not None:
        return any(_has(caller.role, caller.scope, right) for right in rule.rights)
    if not _names_things(method):
        # In a workspace of their own, everybody is a manager.
        return not caller.link or rule.reach is Reach.RESOURCE
    if rule.reach is Reach.WORKSPACE:
        return False
    share = Role.VIEWER if caller.link else caller.share
    return share is not None and any(_has(share, None, right) for right in rule.rights)


def _has(role: Role, scope: Scope | None, right: Right) -> bool:
    return role >= LEAST_ROLE[right] and (scope is None or NEEDED_SCOPE[right] is scope)


def _names_things(method: MethodDescriptor) -> bool:
    return method.name not in _FILTERED and bool(operations.takes(method) & _NOWHERE.keys())


def _code(
    call: Any, method: MethodDescriptor, caller: Caller, ids: Mapping[str, Any]
) -> grpc.StatusCode:
    request: Message = message_factory.GetMessageClass(method.input_type)()
    json_format.ParseDict(dict(_REQUESTS.get(method.name, {})), request)
    for path, names in operations.id_fields(method.input_type).items():
        part: Any = request
        for step in path.split(".")[1:]:
            part = getattr(part, step)
        for name in names & _NOWHERE.keys():
            # Things in lists are named by those around them.
            if isinstance(part, Message):
                setattr(part, name, ids[name])
    token = caller.http.headers.get("authorization")
    metadata = [("authorization", token)] if token else []
    try:
        answer = call(request, metadata=metadata, timeout=60)
        if method.server_streaming:
            next(answer)
            answer.cancel()
    except StopIteration:
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK

import contextvars
import time

import pytest

from common.addresses import use_address
from common.errors import AuthenticationError
from common.identity import Grant, Identity, Role, Scope
from common.signing import (
    ADDRESS_HEADER,
    CALLER_HEADER,
    SESSION_HEADER,
    SIGNATURE_HEADER,
    WORKSPACE_HEADER,
    CallSigner,
    CallVerifier,
    acting_for,
    digest_of,
    owner_in,
    receiver_key,
)

KEY = "k" * 32
METHOD = "/x.v1.S/Do"
OWNER = Grant(session_id="session_1", workspace_id="workspace_1")
LIMITED = [
    Grant(session_id="session_1", workspace_id="workspace_1", user_id="u", role=Role.VIEWER),
    Grant(
        session_id="session_1",
        workspace_id="workspace_1",
        user_id="u",
        role=Role.MANAGER,
        scopes=frozenset({Scope.READ}),
    ),
    Grant(session_id="session_1", link_id="link_1"),
]


@pytest.fixture
def signer() -> CallSigner:
    return CallSigner(KEY, "exporter")


@pytest.fixture
def verifier() -> CallVerifier:
    return CallVerifier(receiver_key(KEY, "transcriber"), "transcriber")


def test_signature_proves_service_session_and_request(
    signer: CallSigner, verifier: CallVerifier
) -> None:
    metadata = signer.sign("transcriber", METHOD, digest=digest_of(b"x"), owner=OWNER)

    assert metadata[SESSION_HEADER] == "session_1"
    assert metadata[WORKSPACE_HEADER] == "workspace_1"
    caller = verifier.verify(METHOD, metadata)
    assert caller == Identity(
        service="exporter", session_id="session_1", workspace_id="workspace_1"
    )
    assert caller.request_digest == digest_of(b"x")


def test_signature_passes_on_the_address_of_the_client(
    signer: CallSigner, verifier: CallVerifier
) -> None:
    context = contextvars.copy_context()
    context.run(use_address, "192.0.2.7")
    metadata = context.run(signer.sign, "transcriber", METHOD)
    assert verifier.verify(METHOD, metadata).client_address == "192.0.2.7"
    for other in ("192.0.2.8", ""):
        with pytest.raises(AuthenticationError):
            verifier.verify(METHOD, {**metadata, ADDRESS_HEADER: other})
    assert verifier.verify(METHOD, signer.sign("transcriber", METHOD)).client_address == ""


def test_signature_without_session(signer: CallSigner, verifier: CallVerifier) -> None:
    caller = verifier.verify(METHOD, signer.sign("transcriber", METHOD))
    assert caller == Identity(service="exporter")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (SESSION_HEADER, "session_2"),
        (SESSION_HEADER, ""),
        (WORKSPACE_HEADER, "workspace_2"),
        (WORKSPACE_HEADER, ""),
    ],
)
def test_signature_is_valid_for_one_session_only(
    signer: CallSigner, verifier: CallVerifier, field: str, value: str
) -> None:
    metadata = signer.sign("transcriber", METHOD, owner=OWNER) | {field: value}
    with pytest.raises(AuthenticationError):
        verifier.verify(METHOD, metadata)


@pytest.mark.parametrize("caller", LIMITED, ids=["user", "token", "link"])
def test_signature_passes_on_the_rights_of_the_caller(
    signer: CallSigner, verifier: CallVerifier, caller: Grant
) -> None:
    metadata = signer.sign("transcriber", METHOD, owner=caller)
    assert metadata[SIGNATURE_HEADER].startswith("v3:")
    assert verifier.verify(METHOD, metadata) == Identity.holding(caller, service="exporter")
    channel = dict(acting_for(caller))
    assert owner_in(channel) == caller
    assert signer.sign("transcriber", METHOD, owner=owner_in(channel) or Grant()).keys() == (
        metadata.keys()
    )


@pytest.mark.parametrize(
    "changed",
    [
        {CALLER_HEADER: '{"session":"s","workspace":"w","user":"u","role":"manager"}'},
        {CALLER_HEADER: ""},
        {CALLER_HEADER: "no caller"},
    ],
)
def test_rights_cannot_be_changed_or_taken_away(
    signer: CallSigner, verifier: CallVerifier, changed: dict[str, str]
) -> None:
    metadata = signer.sign("transcriber", METHOD, owner=LIMITED[0])
    with pytest.raises(AuthenticationError):
        verifier.verify(METHOD, metadata | changed)


def test_the_caller_of_an_open_session_cannot_be_replaced(
    signer: CallSigner, verifier: CallVerifier
) -> None:
    # As services of the version before sign, and read.
    metadata = signer.sign("transcriber", METHOD, owner=OWNER)
    assert metadata[SIGNATURE_HEADER].startswith("v2:")
    forged = metadata | {CALLER_HEADER: '{"session":"s","workspace":"w"}'}
    assert verifier.verify(METHOD, forged).session_id == "session_1"
    renamed = forged[SIGNATURE_HEADER].replace("v2:", "v3:")
    with pytest.raises(AuthenticationError):
        verifier.verify(METHOD, forged | {SIGNATURE_HEADER: renamed})


def test_a_user_cannot_be_turned_into_an_open_session(
    signer: CallSigner, verifier: CallVerifier
) -> None:
    metadata = signer.sign("transcriber", METHOD, owner=LIMITED[0])
    renamed = metadata[SIGNATURE_HEADER].replace("v3:", "v2:")
    named = {SESSION_HEADER: "session_1", WORKSPACE_HEADER: "workspace_1"}
    with pytest.raises(AuthenticationError):
        verifier.verify(METHOD, metadata | named | {SIGNATURE_HEADER: renamed})


def test_signature_is_valid_for_one_method_only(signer: CallSigner, verifier: CallVerifier) -> None:
    with pytest.raises(AuthenticationError):
        verifier.verify("/x.v1.S/Delete", signer.sign("transcriber", METHOD))


def test_signature_is_valid_for_one_receiver_only(
    signer: CallSigner, verifier: CallVerifier
) -> None:
    with pytest.raises(AuthenticationError):
        verifier.verify(METHOD, signer.sign("speakers", METHOD))


def test_receiver_cannot_sign_calls_to_others() -> None:
    worker = receiver_key(KEY, "worker")
    forged = CallSigner(worker, "gateway").sign("transcriber", METHOD)
    with pytest.raises(AuthenticationError):
        CallVerifier(receiver_key(KEY, "transcriber"), "transcriber").verify(METHOD, forged)


@pytest.mark.parametrize("changed", ["service", "digest", "key"])
def test_forged_signature_is_rejected(verifier: CallVerifier, changed: str) -> None:
    signer = CallSigner("z" * 32 if changed == "key" else KEY, "exporter")
    metadata = signer.sign("transcriber", METHOD)
    value = metadata[SIGNATURE_HEADER]
    if changed == "service":
        value = value.replace("exporter", "gateway")
    if changed == "digest":
        value = value.replace(":-:", f":{digest_of(b'y')}:")
    with pytest.raises(AuthenticationError):
        verifier.verify(METHOD, metadata | {SIGNATURE_HEADER: value})


@pytest.mark.parametrize(
    ("shift", "accepted"), [(-55, True), (55, True), (-65, False), (65, False)]
)
def test_signatures_expire(
    signer: CallSigner,
    verifier: CallVerifier,
    monkeypatch: pytest.MonkeyPatch,
    shift: int,
    accepted: bool,
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    metadata = signer.sign("transcriber", METHOD)
    monkeypatch.setattr(time, "time", lambda: now + shift)

    if accepted:
        assert verifier.verify(METHOD, metadata).service == "exporter"
    else:
        with pytest.raises(AuthenticationError):
            verifier.verify(METHOD, metadata)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "v2",
        "v2::::",
        "v2:exporter:now:-:" + "0" * 64,
        "v2:exporter:²:-:" + "0" * 64,
        "v2:exporter:" + "9" * 5000 + ":-:" + "0" * 64,
        "v1:exporter:1700000000:" + "0" * 64,
        "v2:exporter:1700000000:-:" + "ü" * 64,
        "v2:exporter:1700000000:-:" + "0" * 64 + "\n",
    ],
)
def test_malformed_signature_is_rejected(verifier: CallVerifier, value: str) -> None:
    with pytest.raises(AuthenticationError):
        verifier.verify(METHOD, {SIGNATURE_HEADER: value})


def test_signature_does_not_contain_the_key(signer: CallSigner) -> None:
    assert KEY not in signer.sign("s", METHOD)[SIGNATURE_HEADER]


def test_key_of_a_receiver_can_be_made_with_sha256sum() -> None:
    assert receiver_key("abc", "diarizer") == (
        "15e4656f3df8c562ca4884f8f7c8ddeaddcdc8530d938c0688e1eaf330457296"
    )


def test_channels_sign_calls_that_name_a_session() -> None:
    assert acting_for(OWNER) == ((SESSION_HEADER, "session_1"), (WORKSPACE_HEADER, "workspace_1"))
    assert acting_for() == ((SESSION_HEADER, ""), (WORKSPACE_HEADER, ""))

"""Certificates of the authority, judged by OpenSSL's own rules where it has them."""

import contextlib
import datetime as dt
import hashlib
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from devstack.authority import (
    AUTHORITY_LIFETIME,
    CERTIFICATE_LIFETIME,
    RENEWAL,
    KeyPair,
    authority_serves,
    certificate_names,
    certificate_serves,
    fingerprint,
    issue,
    make_authority,
)

NOW = dt.datetime.now(dt.UTC)
NAMES = ("localhost", "127.0.0.1", "::1", "192.168.7.9", "desk", "desk.local")
SECOND = dt.timedelta(seconds=1)


@pytest.fixture(scope="module")
def authority() -> KeyPair:
    return make_authority("desk", NAMES, NOW)


@pytest.fixture(scope="module")
def issued(authority: KeyPair) -> KeyPair:
    return issue(authority, NAMES, NOW)


def verify(trusted: KeyPair, server: KeyPair, name: str, directory: Path) -> None:
    """Shake hands with a server as strict clients do. Raise ssl.SSLError if it is not trusted."""
    files = directory / "server.crt", directory / "server.key"
    files[0].write_text(server.certificate)
    files[1].write_text(server.key)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*files)
    asking = ssl.create_default_context(cadata=trusted.certificate)
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def serve() -> None:
        # An error here means that the client did not trust it.
        with theirs, contextlib.suppress(OSError):
            serving.wrap_socket(theirs, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours, asking.wrap_socket(ours, server_hostname=name):
            pass
    finally:
        thread.join()


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_trusted(
    authority: KeyPair, issued: KeyPair, name: str, tmp_path: Path
) -> None:
    verify(authority, issued, name, tmp_path)


def test_other_names_and_other_authorities_are_not(
    authority: KeyPair, issued: KeyPair, tmp_path: Path
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        verify(authority, issued, "192.168.7.10", tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        verify(make_authority("desk", NAMES, NOW), issued, "desk", tmp_path)


@pytest.mark.parametrize("name", ["example.org", "8.8.8.8", "notdesk", "2001:db8::1"])
def test_the_authority_cannot_sign_for_the_rest_of_the_world(
    authority: KeyPair, name: str, tmp_path: Path
) -> None:
    assert not authority_serves(authority, [name], NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        verify(authority, issue(authority, [name], NOW), name, tmp_path)


def test_public_addresses_of_the_machine_are_permitted(tmp_path: Path) -> None:
    public = make_authority("desk", ["198.51.100.7", "2001:db8::7", "desk.example"], NOW)
    assert authority_serves(public, ["198.51.100.7", "desk.example", "10.1.2.3"], NOW)
    assert not authority_serves(public, ["198.51.100.8"], NOW)
    verify(public, issue(public, ["198.51.100.7"], NOW), "198.51.100.7", tmp_path)


def test_what_phones_require(issued: KeyPair) -> None:
    certificate, key = issued.read()
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc < dt.timedelta(
        days=398 + 1
    )
    assert certificate.not_valid_before_utc < NOW
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert certificate_names(certificate) == list(NAMES)
    assert key.curve.key_size == 256


def test_authorities_are_used_until_they_would_end_before_a_certificate(
    authority: KeyPair,
) -> None:
    last = NOW.replace(microsecond=0) + AUTHORITY_LIFETIME - CERTIFICATE_LIFETIME
    assert authority_serves(authority, NAMES, last)
    assert not authority_serves(authority, NAMES, last + SECOND)


def test_certificates_are_used_until_they_are_to_be_renewed(
    authority: KeyPair, issued: KeyPair
) -> None:
    last = NOW.replace(microsecond=0) + CERTIFICATE_LIFETIME - RENEWAL
    assert certificate_serves(issued, authority, NAMES, last)
    assert not certificate_serves(issued, authority, NAMES, last + SECOND)


def test_certificates_are_used_while_they_have_all_names(
    authority: KeyPair, issued: KeyPair
) -> None:
    assert certificate_serves(issued, authority, NAMES[:2], NOW)
    assert not certificate_serves(issued, authority, [*NAMES, "10.0.0.1"], NOW)
    assert not certificate_serves(issued, make_authority("desk", NAMES, NOW), NAMES, NOW)


def test_keys_of_others_and_broken_files_are_not_used(authority: KeyPair, issued: KeyPair) -> None:
    mixed = KeyPair(certificate=issued.certificate, key=authority.key)
    broken = KeyPair(certificate="nothing", key=issued.key)
    for pair in (mixed, broken):
        assert not certificate_serves(pair, authority, NAMES, NOW)
        assert not authority_serves(pair, NAMES, NOW)
    with pytest.raises(ValueError, match="belongs to another certificate"):
        mixed.read()


def test_a_certificate_is_not_an_authority(issued: KeyPair) -> None:
    assert not authority_serves(issued, NAMES, NOW)


def test_the_fingerprint_is_that_of_the_file(authority: KeyPair) -> None:
    der = ssl.PEM_cert_to_DER_cert(authority.certificate)
    shown = fingerprint(authority.certificate)
    assert shown.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert len(shown.split(":")) == 32

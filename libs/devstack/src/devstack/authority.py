"""Certificate authority of one machine, and the certificate of its gateway.

The authority is limited to the names of this machine and to private networks. Devices with trust
in it still reject certificates for other sites.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFETIME = dt.timedelta(days=3650)
#: Apple accepts 825 days from an authority that a user has installed, browsers 398 from others.
CERTIFICATE_LIFETIME = dt.timedelta(days=397)
#: Validity that a certificate has left when it is renewed.
RENEWAL = dt.timedelta(days=90)
#: Clocks of phones may be late.
_BACKDATING = dt.timedelta(days=1)
_PRIVATE = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
)
_NAMES = ("localhost", "local")
_Network = IPv4Network | IPv6Network


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """A certificate with its key, as PEM."""

    certificate: str
    key: str

    def read(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """Parse both.

        Raises:
            ValueError: one is invalid, or they do not belong together.
        """
        certificate = x509.load_pem_x509_certificate(self.certificate.encode())
        key = serialization.load_pem_private_key(self.key.encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("not a key of an elliptic curve")
        if key.public_key() != certificate.public_key():
            raise ValueError("the key belongs to another certificate")
        return certificate, key


def make_authority(owner: str, names: Sequence[str], now: dt.datetime) -> KeyPair:
    """Make an authority for a machine with these names and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "SecureTranscribe"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"SecureTranscribe on {owner}"[:64]),
        ]
    )
    builder = _builder(subject, subject, key.public_key(), now, AUTHORITY_LIFETIME)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_key_usage(signs_certificates=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.NameConstraints(_permitted(names), excluded_subtrees=None), True),
    ]
    return _signed(builder, extensions, key, key)


def issue(authority: KeyPair, names: Sequence[str], now: dt.datetime) -> KeyPair:
    """Issue a certificate for names and addresses. The authority must permit them."""
    issuer, signer = authority.read()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SecureTranscribe")])
    builder = _builder(subject, issuer.subject, key.public_key(), now, CERTIFICATE_LIFETIME)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([_general_name(name) for name in names]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    ]
    return _signed(builder, extensions, key, signer)


def authority_serves(authority: KeyPair, names: Iterable[str], now: dt.datetime) -> bool:
    """Return whether an authority permits the names and outlives a certificate issued now."""
    try:
        certificate, _ = authority.read()
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    permitted = [one.value for one in constraints.permitted_subtrees or ()]
    return certificate.not_valid_after_utc >= now + CERTIFICATE_LIFETIME and all(
        _is_permitted(name, permitted) for name in names
    )


def certificate_serves(
    pair: KeyPair, authority: KeyPair, names: Iterable[str], now: dt.datetime
) -> bool:
    """Return whether a certificate of this authority has all names and need not be renewed."""
    try:
        certificate, _ = pair.read()
        certificate.verify_directly_issued_by(authority.read()[0])
        found = set(certificate_names(certificate))
    except (InvalidSignature, TypeError, ValueError):
        return False
    return certificate.not_valid_after_utc >= now + RENEWAL and found.issuperset(names)


def certificate_names(certificate: x509.Certificate) -> list[str]:
    """Return the names and addresses of a certificate. Raise ValueError if it has none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise ValueError("the certificate has no names") from None
    return [str(one.value) for one in names]


def fingerprint(certificate: str) -> str:
    """Return the SHA-256 of a certificate (PEM) as devices show it: `AB:CD:…`."""
    digest = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATING)
        .not_valid_after(now + lifetime)
    )


def _signed(
    builder: x509.CertificateBuilder,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
) -> KeyPair:
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    certificate = builder.sign(signer, hashes.SHA256())
    return KeyPair(
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _permitted(names: Iterable[str]) -> list[x509.GeneralName]:
    """Return private networks, local names, and whatever else this machine is called."""
    permitted: list[object] = [*_NAMES, *_PRIVATE]
    for name in names:
        if not _is_permitted(name, permitted):
            permitted.append(_network(name) or name)
    return [
        x509.IPAddress(one) if isinstance(one, _Network) else x509.DNSName(str(one))
        for one in permitted
    ]


def _is_permitted(name: str, permitted: Iterable[object]) -> bool:
    network = _network(name)
    if network is None:
        names = [one for one in permitted if isinstance(one, str)]
        return any(name == one or name.endswith(f".{one}") for one in names)
    return any(
        network.version == one.version and network.network_address in one
        for one in permitted
        if isinstance(one, _Network)
    )


def _network(name: str) -> _Network | None:
    """Return an address as a network of one, or None for a name."""
    try:
        return ip_network(name)
    except ValueError:
        return None

"""A certificate for 127.0.0.1, made at run time, and a bundle that trusts its authority beside all the real ones."""

import datetime
import ipaddress
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["bundle", "server", "trusted", "write"]

_PEM = serialization.Encoding.PEM
_SIGNS = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
)  # fmt: skip
_HERE = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


def server(folder: Path) -> Path:
    """The server's key and certificate."""
    return folder / "server.pem"


def bundle(folder: Path) -> Path:
    """The authorities to trust."""
    return folder / "authorities.pem"


def trusted(folder: Path) -> dict[str, str]:
    """The environment in which every client of the benchmark reads that bundle.

    httplib2 reads its variable once, when it is imported, and so wants it before a process begins.
    """
    return dict.fromkeys(("SSL_CERT_FILE", "HTTPLIB2_CA_CERTS", "REQUESTS_CA_BUNDLE"), str(bundle(folder)))


def write(folder: Path) -> None:
    """Make both files. The bundle is certifi's and one more, since parsing one of real size is part of what is told."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _certificate("Benchmark authority", ca_key.public_key(), ca_key, is_ca=True)
    leaf = _certificate("Benchmark", key.public_key(), ca_key, is_ca=False)
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    server(folder).write_bytes(private + leaf.public_bytes(_PEM))
    bundle(folder).write_bytes(Path(certifi.where()).read_bytes() + b"\n" + ca.public_bytes(_PEM))


def _certificate(
    name: str, key: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey, *, is_ca: bool
) -> x509.Certificate:
    """For two days around now, with what newer Pythons insist on (VERIFY_X509_STRICT)."""
    now, by = datetime.datetime.now(datetime.UTC), signer.public_key()
    built = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("Benchmark authority"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by), critical=False)
        .add_extension(_SIGNS if is_ca else _HERE, critical=is_ca)
    )
    return built.sign(signer, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

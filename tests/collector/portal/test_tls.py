"""Only a portal whose certificate is trusted is talked to; the fault says which it is."""

import datetime
import ipaddress
import ssl

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collector.portal.enrolment import enrol
from collector.portal.reach import PortalError
from tests.collector.sink import Sink

NOW = datetime.datetime.now(datetime.UTC)


def certificate(folder, address="127.0.0.1", days=2):
    """A self-signed certificate; (context of the server, file to trust)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=3))
        .not_valid_after(NOW + datetime.timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "portal.pem", folder / "portal.key"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, str(public)


def enrolled(sink, folder, trust):
    session = requests.Session()
    session.verify = trust
    return enrol(sink.url, "ABCD", folder / "state", session)


def test_a_certificate_given_in_ca_file_is_trusted(tmp_path):
    context, public = certificate(tmp_path)
    with Sink(tls=context) as sink:
        assert enrolled(sink, tmp_path, public).key_id == "k1"


@pytest.mark.parametrize(
    ("made", "trusted"),
    [({}, False), ({"days": -1}, True), ({"address": "10.1.2.3"}, True)],
    ids=["unknown", "expired", "another name"],
)
def test_any_other_is_refused_and_named(tmp_path, made, trusted):
    context, public = certificate(tmp_path, **made)
    with Sink(tls=context) as sink, pytest.raises(PortalError, match="certificate"):
        enrolled(sink, tmp_path, public if trusted else True)
    assert sink.keys == {}

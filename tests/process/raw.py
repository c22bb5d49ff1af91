"""A party of the command line, speaking by hand: the stranger's client with a profile's keys. For
envelopes that the SDK would never make."""
import ctypes
import pathlib

import stranger

PKCS8_ED25519 = bytes.fromhex("302e020100300506032b657004220420")


class ProfileKeys(stranger.Keys):
    """The keys of a `shuyu` profile folder."""

    def __init__(self, home, folder):  # pylint: disable=super-init-not-called
        home = pathlib.Path(home)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.sign_pem = self.folder / "sign.pem"
        self.tls_key, self.tls_cert = home / "tls.key", home / "tls.pem"
        stranger.openssl("pkey", "-inform", "DER", "-out", str(self.sign_pem),
                         data=PKCS8_ED25519 + (home / "sign.key").read_bytes())
        self.sign = stranger.openssl("pkey", "-in", str(self.sign_pem), "-pubout", "-outform",
                                     "DER")[-32:]
        self.box_secret = (home / "box.key").read_bytes()
        public = ctypes.create_string_buffer(32)
        stranger.SODIUM.crypto_scalarmult_base(public, self.box_secret)
        self.box = public.raw


class Party(stranger.Stranger):
    def __init__(self, domain, party):  # pylint: disable=super-init-not-called
        stranger.SODIUM.sodium_init()
        lines = (domain.work / party / "profile").read_text(encoding="utf-8").splitlines()
        pins = dict(line.split(" = ", 1) for line in lines if " = " in line)
        self.address = domain.address
        self.folder = domain.work / f"{party}.raw"
        self.party = party
        self.keys = ProfileKeys(domain.work / party, self.folder)
        self.pins = {"domain": bytes.fromhex(pins["domain"]), "box": bytes.fromhex(pins["box"]),
                     "log": pins["log"], "warden": bytes.fromhex(pins["warden"])}
        self.number = 0
        self.sealed = b""

    def envelope(self, method, args, **changes):
        """(packet, header) to send as often as one likes."""
        return stranger.envelope(self.keys, self.pins, self.party, method, args, **changes)


def run_args(**params):
    """The canonical arguments of model.run."""
    return stranger.canonical({"params": [{"name": n, "value": str(v)}
                                          for n, v in sorted(params.items())]})

"""ts-mls, another maker's MLS in JavaScript, as a live peer: its packages, and the program that speaks for it.

`npm` fetches each package in one exact version from wherever it is set up to.  Where it comes from need not be
trusted: an archive is unpacked only if its SHA-512 is the one that stands here, and nothing of it is run before.
No script of a package runs at all, because this file unpacks the archives itself.  What is not there (node, npm, a
network) makes the tests skip; what is there and is something else makes them fail.
"""

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
from interop_runner import Failed

from detente.mls.interop_wire import RPCS, decode, encode

PROGRAM = Path(__file__).resolve().parent / "peers" / "ts_mls_peer.mjs"
PACKAGES = {
    "ts-mls@1.6.4": "0456fda89dd5d7e1c8ba27c2f8cb679513848f7a1ce8d13303b220d7f2c098034346135acbb5029f09338a3cc71fd71abf9c1fd41a09c3c290da65e21213f2d5",
    "@noble/hashes@2.0.1": "5e53a511b41c13d7e6b97c6b5535c24e51b69e54576bd463debaf951effeb57fa79a481b5fbdb4607874551de1045f710efc276fc0f6b215463b0371fae940af",
    "@noble/ciphers@2.1.1": "6f2b18ba255f871349ba574d5e51448ad4d574d9d851cf9734965ded09b66b98f5bd91e063e7dacda74d15615a30aff6bf27b4255971577807982d160df00e43",
    "@noble/curves@2.0.1": "becd40cf638e4c188fe2ad29c235b9685d31a7d9f833156b9a4141c5ce8429973a75d631e60699880b19a2ad2e4515d66e2dc04ffb01aa7d397913ed9f52423f",
    "@hpke/common@1.10.1": "9a8270866b4bb6ec62533ccda758e97c17f1f3279f2a83bd0ff44247d766c2b9dceea8c9a88775ac4b50cfe952954e5c69b5fc75a4e8312c7fec76b25ce89a17",
    "@hpke/core@1.9.0": "a45c569759cd25e40249416cefe1806e51ef5c10a39fd10f37ae6f74a95842297669445a4717c630eeaf04a1aa9b56074cac2203125034423bd0f6d2a3030ff5",
    "@hpke/chacha20poly1305@1.8.0": "15c05f010f98f7dbcc3493f6cab67dc292fc57418ec29d7eccccb3bdce9a95ab2b07281f163166d72794b72003242bbfdbb0b72e6e66273c7abbba7083e717e7",
    "@hpke/dhkem-x448@1.8.0": "9857e765f829e0e2a45084bf14a8a47d481d9c3291cb6e72b4228142257e37e1db632dc8e2fe1908f050ebd40bf936262a609925e5049d8792e4af8e0513fe12",
}
LEAST_NODE = 20
PATIENCE = 120  # seconds for one answer; a peer that is silent for longer is ended


def archive_of(package):
    """The name that npm gives to a package's archive: `@noble/hashes@2.0.1` is `noble-hashes-2.0.1.tgz`."""
    name, version = package.rsplit("@", 1)
    return f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"


def unpack(archive, digest, place):
    """The package in `archive` becomes the folder `place`, or `Failed`: it is not the one of that SHA-512."""
    raw = archive.read_bytes()
    if hashlib.sha512(raw).hexdigest() != digest:
        raise Failed(
            f"{archive.name} is not the archive whose SHA-512 stands in tests/ts_mls.py; nothing of it was run"
        )
    aside = archive.with_suffix(".unpacked")
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        tar.extractall(aside, filter="data")
    place.parent.mkdir(parents=True, exist_ok=True)
    (aside / "package").rename(place)


def missing():
    """What of node and npm is not on this machine, in a sentence; empty if all is there."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return f"no {program} on this machine: groups mixed with ts-mls were not tried"
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    major = int(re.match(r"v(\d+)", said)[1])
    return "" if major >= LEAST_NODE else f"node {said.strip()} is too old for ts-mls, which needs {LEAST_NODE}"


def install(folder):
    """Make `folder` one in which node finds ts-mls and the program; skips where it cannot be had."""
    if lack := missing():
        pytest.skip(lack)
    command = ["npm", "pack", "--ignore-scripts", "--loglevel=error", "--fetch-retries=1", *PACKAGES]
    try:
        packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not fetch ts-mls in time: groups mixed with it were not tried")
    if packed.returncode:
        said = packed.stderr.strip().splitlines() or ["it did not say why"]
        pytest.skip(f"npm could not fetch ts-mls: {said[0][:100]}")
    for package, digest in PACKAGES.items():
        unpack(folder / archive_of(package), digest, folder / "node_modules" / package.rsplit("@", 1)[0])
    shutil.copy(PROGRAM, folder)


def _plain(value):
    return {"b64": base64.b64encode(value).decode()}


def _bytes(value):
    return base64.b64decode(value["b64"]) if "b64" in value else value


class TsMls:
    """The program in a process of its own, with the face of every client of the harness."""

    def __init__(self, folder):
        self.program = subprocess.Popen(
            ["node", PROGRAM.name], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def call(self, rpc, ask):
        """One RPC; `Failed` with the words of ts-mls if it refuses."""
        asked, _ = RPCS.get(rpc, ("state_id:u", ""))
        whole = decode(asked, encode(asked, ask))  # as the harness would write it: every field has a value
        self.program.stdin.write(json.dumps({"rpc": rpc, "ask": whole}, default=_plain) + "\n")
        with_patience = threading.Timer(PATIENCE, self.program.kill)
        with_patience.start()
        try:
            line = self.program.stdout.readline()
        finally:
            with_patience.cancel()
        if not line:
            raise AssertionError(f"the program that speaks for ts-mls ended at {rpc}")
        answer = json.loads(line, object_hook=_bytes)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def close(self):
        """End the program, which ends by itself when nobody speaks to it any more."""
        self.program.stdin.close()
        try:
            self.program.wait(10)
        except subprocess.TimeoutExpired:
            self.program.kill()
            self.program.wait()
        self.program.stdout.close()

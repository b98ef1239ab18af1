"""The packages of ts-mls are run only if they are those that are named; without node, npm or network tests skip."""

import hashlib
import io
import re
import shutil
import subprocess
import tarfile

import pytest
import ts_mls
from interop_runner import Failed, casts, mixed_casts

from detente.mls.interop_wire import RPCS


def archive(folder, name="package/index.js"):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 4
        tar.addfile(member, io.BytesIO(b"code"))
    path = folder / "some-maker-1.0.0.tgz"
    path.write_bytes(raw.getvalue())
    return path, hashlib.sha512(raw.getvalue()).hexdigest()


def test_an_archive_with_another_digest_is_not_unpacked(tmp_path):
    path, digest = archive(tmp_path)
    place = tmp_path / "node_modules" / "@some" / "maker"
    path.write_bytes(path.read_bytes() + bytes(1))
    with pytest.raises(Failed, match="is not the archive whose SHA-512"):
        ts_mls.unpack(path, digest, place)
    assert not place.exists()
    path, digest = archive(tmp_path)
    ts_mls.unpack(path, digest, place)  # control
    assert (place / "index.js").read_bytes() == b"code"


def test_an_archive_cannot_write_outside_its_folder(tmp_path):
    path, digest = archive(tmp_path, "../elsewhere.js")
    with pytest.raises(tarfile.OutsideDestinationError):
        ts_mls.unpack(path, digest, tmp_path / "node_modules" / "maker")
    assert not (tmp_path / "elsewhere.js").exists()


def test_every_package_is_held_by_a_whole_digest():
    assert all(re.fullmatch(r"[0-9a-f]{128}", digest) for digest in ts_mls.PACKAGES.values())
    assert all(re.fullmatch(r"(@[a-z]+/)?[a-z0-9-]+@\d+\.\d+\.\d+", package) for package in ts_mls.PACKAGES)
    assert ts_mls.archive_of("@noble/hashes@2.0.1") == "noble-hashes-2.0.1.tgz"
    assert ts_mls.archive_of("ts-mls@1.6.4") == "ts-mls-1.6.4.tgz"


@pytest.mark.parametrize("program", ["node", "npm"])
def test_without_node_or_npm_the_tests_skip_with_a_sentence(tmp_path, monkeypatch, program):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == program else f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("something was started"))
    if program == "npm":
        monkeypatch.setattr(ts_mls, "LEAST_NODE", 0)
    with pytest.raises(pytest.skip.Exception, match=f"no {program} on this machine: groups mixed with ts-mls"):
        ts_mls.install(tmp_path)


def test_an_old_node_is_said_and_a_refusal_of_npm_too(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: name)
    answers = {"node": (0, "v18.0.0\n", ""), "npm": (1, "", "npm error code E404\nmore")}

    def run(command, **_):
        return subprocess.CompletedProcess(command, *answers[command[0]])

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(pytest.skip.Exception, match=r"node v18\.0\.0 is too old"):
        ts_mls.install(tmp_path)
    answers["node"] = (0, "v20.1.0\n", "")
    with pytest.raises(pytest.skip.Exception, match="npm could not fetch ts-mls: npm error code E404"):
        ts_mls.install(tmp_path)
    answers["npm"] = (1, "", "")
    with pytest.raises(pytest.skip.Exception, match="npm could not fetch ts-mls: it did not say why"):
        ts_mls.install(tmp_path)


def test_the_program_answers_to_names_of_the_harness_and_to_two_of_its_own():
    table = ts_mls.PROGRAM.read_text("utf-8").split("const rpcs = {")[1].split("\n};")[0]
    names = set(re.findall(r"(?m)^  (\w+):", table))
    assert names - set(RPCS) == {"State", "OwnGroupInfo"}
    assert set(RPCS) - names == {"CreateExternalSigner", "AddExternalSigner", "ExternalSignerProposal"}


def test_mixed_casts_give_every_peer_a_part():
    actors, peers = ["alice", "bob", "carol"], ["ours", "theirs"]
    assert len(mixed_casts(actors, peers, 64)) == len(casts(actors, peers, 64)) - 2
    assert len(mixed_casts(actors, peers, 2)) == 2
    assert all(set(cast.values()) == set(peers) for cast in mixed_casts(actors, peers, 64))

"""House rules that no common tool knows, over the files that git tracks.

Each rule is a function from the files to sentences about what is wrong; the table at the end names them.

| rule           | why                                                                                           |
|----------------|-----------------------------------------------------------------------------------------------|
| places         | no package registry and no path of somebody's machine: what is installed is held by its hash   |
| hidden letters | nothing that makes a source read differently from what runs (Boucher and Anderson, 2021)       |
| empty packages | an `__init__.py` with code would let one floor's import reach another                          |
| requirements   | every dependency is named in the compiled files, every line has a hash, no line has an address |
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
import dev  # noqa: E402

Files = dict[str, str]  # path inside the checkout -> text

# Written in pieces, so that this file keeps the rule as well.
_REGISTRIES = (
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("registry.np", "mjs"),
    ("deb.", "debian.org"),
    ("crates", ".io"),
    ("proxy.", "golang.org"),
)
REGISTRY = re.compile("|".join(re.escape("".join(pieces)) for pieces in _REGISTRIES), re.IGNORECASE)
MACHINE_PATH = re.compile(
    r"(?<![\w.~-])/" + r"(?:(?:work|root)/[\w.]|(?:home|Users)/[a-z][\w-]*/)"  # a person's or a machine's own folder
)
# Controls of direction (they swap what the eye reads), and letters without width.  The two joiners U+200C and
# U+200D are not among them: Persian is not spelt without the first.
HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u2060\ufeff]")
REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")


def tracked() -> Files:
    """The texts that git tracks; a file that is no UTF-8 is a picture and is left out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files: Files = {}
    for name in filter(None, listed.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            raw = path.read_bytes()
            if b"\0" not in raw:
                files[name] = raw.decode("utf-8", "surrogateescape")
    return files


def places(files: Files) -> Iterator[str]:
    """No registry and no machine's path."""
    for name, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if REGISTRY.search(line):
                yield f"{name}:{number} names a package registry."
            if MACHINE_PATH.search(line):
                yield f"{name}:{number} names a path of one machine."


def hidden_letters(files: Files) -> Iterator[str]:
    """No control of direction and no letter without width; a test writes them as escapes."""
    for name, text in files.items():
        for number, line in enumerate(text.split("\n"), 1):
            found = HIDDEN.search(line)
            if found:
                yield f"{name}:{number} holds the invisible U+{ord(found[0]):04X}; write it as an escape."


def empty_packages(files: Files) -> Iterator[str]:
    """Each folder with a module is a package, and its package file is empty."""
    packages = {name for name in files if name.startswith("detente/") and name.endswith("/__init__.py")}
    for name in sorted(packages):
        if files[name]:
            yield f"{name} is not empty."
    for name in files:
        if name.startswith("detente/") and name.endswith(".py"):
            folder = str(Path(name).parent)
            if f"{folder}/__init__.py" not in packages:
                yield f"{folder} has modules but no __init__.py: the walls do not see it."


def canonical(name: str) -> str:
    """A package's name in its one spelling."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Name -> version in a compiled file."""
    found = (REQUIREMENT.match(line) for line in text.splitlines())
    return {canonical(match["name"]): match["version"] for match in found if match}


def entries(text: str) -> Iterator[str]:
    """The requirements of a compiled file, each with its continued lines joined."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line


def unhashed(name: str, text: str) -> Iterator[str]:
    """Each entry has one version and a SHA-256, and none has an address."""
    if "://" in text:
        yield f"{name} holds an address."
    for entry in entries(text):
        if not REQUIREMENT.match(entry) or "--hash=sha256:" not in entry:
            yield f"{name}: {entry.split()[0]} has no version or no hash."


def requirements(files: Files) -> Iterator[str]:
    """The compiled files and pyproject.toml say the same."""
    texts = {name: files.get(f"requirements/{name}.txt", "") for name in (*dev.LOCKED, "uv")}
    for name, text in texts.items():
        yield from unhashed(f"requirements/{name}.txt", text)
    for name, extras in dev.LOCKED.items():
        wanted = dev.declared(extras)
        if texts[name].split("\n", 1)[0] != dev.fingerprint(wanted):
            yield f"requirements/{name}.txt was compiled from other dependencies: run python3 dev.py lock."
        named = {canonical(re.split(r"[^A-Za-z0-9._-]", wish, maxsplit=1)[0]) for wish in wanted}
        for missing in sorted(named - set(pins(texts[name]))):
            yield f"requirements/{name}.txt does not name {missing}: run python3 dev.py lock."
    used = pins(texts["run"])
    for name in sorted(set(dev.LOCKED) - {"run"}):
        others = pins(texts[name])
        for package in sorted(used):
            if others.get(package) != used[package]:
                yield f"requirements/{name}.txt has not the same {package} as requirements/run.txt."


RULES = (
    ("places", places),
    ("hidden letters", hidden_letters),
    ("empty packages", empty_packages),
    ("requirements", requirements),
)


def main() -> int:
    """Print what is wrong; 0 if nothing is."""
    files = tracked()
    wrong = [sentence for _, rule in RULES for sentence in rule(files)]
    print("\n".join(wrong) if wrong else f"{len(files)} files keep the {len(RULES)} house rules")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Leaves and nodes of MLS are two types: who mixes them up is told before anything runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = """from detente.mls.tree import RatchetTree
from detente.mls.treemath import LeafIndex, NodeIndex, leaf_of, node_of


def look(tree: RatchetTree, leaf: LeafIndex, node: NodeIndex) -> None:
"""
RIGHT = (
    "print(tree.leaf(leaf), tree.node_hash(node_of(leaf)), tree.resolution(node))",
    "tree.update(leaf, tree.member(leaf))",
    "tree.with_nodes({node: None})",
    "tree.filtered_path(leaf_of(node))",
)
WRONG = (
    "tree.leaf(node)",
    "tree.node_hash(leaf)",
    "tree.resolution(2 * leaf)",
    "tree.update(leaf + 1, tree.member(leaf))",
    "tree.with_nodes({leaf: None})",
    "node_of(node)",
    "leaf_of(leaf)",
)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """The lines in which mypy, under the project's own settings, finds an argument of the wrong type."""
    file = tmp_path_factory.mktemp("mypy") / "snippet.py"
    file.write_text(HEAD + "".join(f"    {line}\n" for line in (*RIGHT, *WRONG)), "utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(file)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300).stdout
    found = {int(number) for number in re.findall(r":(\d+): error: .*expected \"", told)}
    assert told.count("error:") == len(found), told
    lines = (*HEAD.splitlines(), *RIGHT, *WRONG)
    return {lines[number - 1] for number in found}


def test_a_leaf_where_a_node_belongs_and_a_bare_number_are_errors_and_nothing_else_is(judged):
    assert judged == set(WRONG)

"""Leaves and nodes of MLS are two types: who mixes them up is told before anything runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SNIPPET = """
from detente.mls.tree import RatchetTree
from detente.mls.treemath import LeafIndex, NodeIndex, leaf_of, node_of


def look(tree: RatchetTree, leaf: LeafIndex, node: NodeIndex) -> None:
    {line}
"""


def judged(tmp_path, line):
    """What mypy says of a use of the tree, under the project's own settings."""
    file = tmp_path / "snippet.py"
    file.write_text(SNIPPET.format(line=line), "utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_what_names_a_leaf_by_a_leaf_and_a_node_by_a_node_passes(tmp_path):
    found = judged(tmp_path, "print(tree.leaf(leaf), tree.node_hash(node_of(leaf)), tree.resolution(node))")
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    "line",
    [
        "tree.leaf(node)",
        "tree.node_hash(leaf)",
        "tree.resolution(2 * leaf)",
        "tree.update(leaf + 1, tree.member(leaf))",
        "node_of(node)",
        "leaf_of(leaf)",
    ],
)
def test_a_leaf_where_a_node_belongs_and_a_bare_number_are_errors(tmp_path, line):
    found = judged(tmp_path, line)
    assert found.returncode == 1
    assert 'expected "' in found.stdout, found.stdout

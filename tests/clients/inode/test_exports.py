"""The public face of the client, and what both of its classes share."""

from __future__ import annotations

import inspect
import pickle

from vendorlab.clients import inode
from vendorlab.clients.core import errors
from vendorlab.clients.inode import AsyncINodeClient, INodeClient, LinkStatus


def public(kind: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(member).parameters)
        for name, member in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }


def test_both_faces_have_the_same_methods_and_parameters() -> None:
    sync, asynchronous = public(INodeClient), public(AsyncINodeClient)
    assert sync.pop("close") == asynchronous.pop("aclose")
    assert sync == asynchronous
    assert set(sync) == {"device", "devices", "from_env", "link", "links", "poll"}


def test_every_error_is_exported() -> None:
    tree = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert tree <= set(inode.__all__)


def test_everything_exported_is_there() -> None:
    assert all(hasattr(inode, name) for name in inode.__all__)


def test_unknown_words_cross_processes() -> None:
    assert pickle.loads(pickle.dumps(LinkStatus("paused"))) == "paused"

"""The protections that can be taken out: each text is there, and so is the test that needs it."""

import pytest

from tools.base.errors import UserError
from tools.command_line import protections
from tools.command_line.protections import ROOT, Protection

KNOWN = protections.read()


@pytest.mark.parametrize("one", KNOWN.values(), ids=KNOWN.keys())
def test_it_can_be_taken_out(one: Protection) -> None:
    assert one.spoilt() != (ROOT / one.source).read_text()
    test = (ROOT / f"tests/unit/{one.test}_test.cpp").read_text()
    assert f'TEST_CASE("{one.case}")' in test


def test_a_text_that_is_gone_is_named() -> None:
    gone = Protection("a name", "drivers/virtio/ring.hpp", "no such text", "", "", "")
    with pytest.raises(UserError, match="a name: drivers/virtio/ring.hpp has 'no such text' 0"):
        gone.spoilt()


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UserError, match="no such: no protection of protections.toml"):
        protections.show(["no such"], print)

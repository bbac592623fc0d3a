"""What commands print."""

from tools.base import terminal


def test_sizes_are_shown_as_people_read_them() -> None:
    assert [terminal.size_text(count) for count in (0, 1023, 1536, 34 * 1024, 5 << 30)] == [
        "0 bytes", "1023 bytes", "1.5 KiB", "34 KiB", "5.0 GiB"]

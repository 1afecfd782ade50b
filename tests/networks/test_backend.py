"""What native code writes while it is imported."""

import os
import tempfile

import pytest

from pipeline.networks.backend import silence


def test_native_messages_are_buffered_and_shown_if_something_fails(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with silence():
        os.write(2, b"a note")
    assert capfd.readouterr().err == ""
    with pytest.raises(TypeError), silence():
        os.write(os.write(2, b"a note"), "no bytes")  # type: ignore[arg-type]
    assert capfd.readouterr().err == "a note"


def test_native_messages_are_shown_where_no_file_can_buffer_them(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with silence():
        os.write(2, b"a note")
    assert capfd.readouterr().err == "a note"

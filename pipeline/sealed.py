"""JSON with a checksum as its last member, so that damage is found."""

import hashlib
import re

SEAL = re.compile(rb'(.*\n)  "sha256": "([0-9a-f]{64})"\n\}\n', re.DOTALL)


def seal(text: str) -> str:
    """An object with the SHA-256 of what is before it as its last member.

    Args:
        text: an object in JSON, indented by two spaces, with a line end.
    """
    before = text.removesuffix("\n}\n") + ",\n"
    return f'{before}  "sha256": "{_digest(before.encode())}"\n}}\n'


def check_seal(content: bytes) -> None:
    """Compares a text with its checksum.

    Raises:
        ValueError: it is not what was sealed.
    """
    found = SEAL.fullmatch(content)
    if not found or _digest(found[1]) != found[2].decode():
        raise ValueError("it was changed or damaged: its checksum differs")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

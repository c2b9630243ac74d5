"""Files as a forger would make them: any header, any bytes, and a digest that is right."""

import hashlib
import json
from typing import Any

DIGEST = "d" * 64


def forged(facts: Any, layout: dict[str, Any] | None = None, data: bytes = b"", **changes: Any) -> bytes:
    """Return a file of these facts and arrays, signed as `feedforward.files` signs.

    `changes` replace what would be written: "text", the facts as text; "header", the whole header as bytes; "length",
    the number before it; "metadata", beside the key of facts.
    """
    if isinstance(facts, dict):
        facts = {"format_version": 1, "library": "0.1.0", "sha256": DIGEST, **facts}
    text = changes.get("text", json.dumps(facts))
    metadata = {"feedforward": text, **changes.get("metadata", {})}
    header = changes.get("header", json.dumps({"__metadata__": metadata, **(layout or {})}).encode())
    length = changes.get("length", len(header))
    return signed(length.to_bytes(8, "little") + header + data)


def signed(data: bytes) -> bytes:
    """Return a file with the digest that its other bytes have, where it says `DIGEST`."""
    return data.replace(DIGEST.encode(), hashlib.sha256(data.replace(DIGEST.encode(), b"0" * 64)).hexdigest().encode())


def opened(data: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return facts, layout and bytes of the arrays of a file, unsigned."""
    length = int.from_bytes(data[:8], "little")
    layout = json.loads(data[8 : 8 + length])
    facts = json.loads(layout.pop("__metadata__")["feedforward"])
    return {**facts, "sha256": DIGEST}, layout, data[8 + length :]

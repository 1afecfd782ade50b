"""PNG and JPEG -> arrays."""

import cv2
import numpy as np
import numpy.typing as npt

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# Where the last part of a complete JPEG starts and ends; these bytes occur nowhere within it.
SCAN, END = b"\xff\xda", b"\xff\xd9"


def is_image(content: bytes) -> bool:
    """Whether the first bytes of a file are those of a PNG or JPEG."""
    return content.startswith((PNG, JPEG))


def decode(content: bytes, invert: bool = False) -> npt.NDArray[np.float64]:
    """The image in the content of a PNG or JPEG file, upright.

    Transparent parts become 0, with `invert` too: they are the background, and 0 is black.

    Args:
        invert: turn light into dark.

    Returns:
        (height, width, 1 or 3) in 0..1, colours as RGB.

    Raises:
        ValueError: it is neither a PNG nor a JPEG, or damaged.
    """
    if not is_image(content):
        raise ValueError("neither a PNG nor a JPEG image")
    png = content.startswith(PNG)
    end = content.find(b"IEND") if png else content.find(END, content.rfind(SCAN))
    if end < 0:
        raise ValueError("the image is cut short")
    # Either reads what the other ignores: transparency, and a camera's orientation.
    flags = cv2.IMREAD_UNCHANGED if png else cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:  # it would be larger than OpenCV's limit
        image = None
    if image is None:
        raise ValueError("the image is damaged or too large")
    values = np.atleast_3d(image / np.iinfo(image.dtype).max)
    channels = values.shape[2]
    colours = values[..., 2::-1] if channels >= 3 else values[..., :1]  # OpenCV has BGR
    if invert:
        colours = 1 - colours
    return colours * values[..., -1:] if channels in (2, 4) else colours

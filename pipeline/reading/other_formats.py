"""Files in other formats that people name .csv, told by their first bytes."""

from pathlib import Path

from pipeline.errors import PipelineError

GZIP, ZIP = b"\x1f\x8b", (b"PK\3\4", b"PK\5\6")
UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Files that people name .csv, by their first bytes.
OTHER_FORMATS = {
    b"PAR1": "a Parquet file",
    b"\x89PNG": "a PNG image",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"%PDF": "a PDF document",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3\0": "a SQLite database",
    GZIP: "a gzip archive in another archive",
    **dict.fromkeys(ZIP, "a zip archive in another archive"),
    **{bytes([0x80, protocol]): "a pickle" for protocol in range(2, 6)},
}
TAR = b"ustar"  # at offset 257


def check_other_formats(path: Path, head: bytes) -> None:
    """Checks that the file is a CSV.

    Args:
        head: the file's first bytes, unpacked.

    Raises:
        PipelineError: they belong to another format.
    """
    start = head[:512].lstrip().lower()
    found = next((name for magic, name in OTHER_FORMATS.items() if head.startswith(magic)), None)
    remedy = "Save it as CSV."
    if head.startswith(b"BM") and b"\0" in head[:16]:
        found = "a BMP image"
    elif head[257:].startswith(TAR):
        found, remedy = "a tar archive", "Unpack it."
    if found is None and (head.startswith(UTF16) or head[:64].count(0) >= 8):
        found, remedy = "UTF-16 or binary", "Save it as UTF-8 text."
    elif found is None and b"\0" in head:
        found = "binary: it has null bytes"
    elif start.startswith(b"version https://git-lfs"):
        found, remedy = "a Git LFS pointer, not the file itself", "Run `git lfs pull`."
    elif start.startswith(b"<<<<<<<"):
        found, remedy = "a file with a merge conflict", "Resolve the conflict."
    elif start.startswith(b"<"):
        found = "a web page, perhaps a login page saved by a download"
        remedy = "Download it again, signed in."
    elif start.startswith((b"{", b"[")):
        found = "JSON"
    if found:
        raise PipelineError(f"not a CSV: it is {found}", where=path, remedy=remedy)

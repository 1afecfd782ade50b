"""The digits that ship with the project, written in the in-class competition's format.

1,797 images of 8 x 8 pixels in 0..16: "Optical Recognition of Handwritten Digits" by E. Alpaydin
and C. Kaynak (UCI Machine Learning Repository, CC BY 4.0), as bundled with scikit-learn.
"""

from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from pipeline.files import write_text

TEST_ROWS = 360


def write_digits(folder: Path) -> None:
    """Writes train_data.csv (1,437 rows, label last) and test_data.csv (360 rows, no labels)."""
    pixels, labels = load_digits(return_X_y=True)
    train, test, train_labels, _ = train_test_split(
        pixels.astype(int), labels, test_size=TEST_ROWS, stratify=labels, random_state=0
    )
    rows = [[*image, label] for image, label in zip(train.tolist(), train_labels, strict=True)]
    for name, table in (("train_data.csv", rows), ("test_data.csv", test.tolist())):
        write_text(folder / name, "".join(",".join(map(str, row)) + "\n" for row in table))


if __name__ == "__main__":
    write_digits(Path(__file__).with_suffix(""))

"""Photos are read whole and upright, or refused in one sentence."""

import contextlib
import io
import re
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.errors import DataError
from zoo.pictures import photos
from zoo.pictures.photos import read_photo, upright
from zoo.pictures.preprocessing import Preprocessing

PLAIN = Preprocessing(32, 1.0, "bilinear", "rgb", 1.0, (0, 0, 0), (1, 1, 1))  # pixels as they are
NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def smooth(height=40, width=60):
    """A picture that JPEG keeps nearly as it is: red grows to the right, green downwards."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns * 255 // width, rows * 255 // height, np.full_like(rows, 90)], -1).astype("uint8")


def pixels(path):
    return np.asarray(read_photo(path).image)


def saved(tmp_path, image, name, **options):
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(tmp_path / name, **options)
    return tmp_path / name


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp", "a.ppm"])
def test_a_lossless_file_of_any_format_gives_its_pixels(tmp_path, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    assert (pixels(saved(tmp_path, NOISE, name, **options)) == NOISE).all()


def test_the_content_tells_the_format_not_the_name(tmp_path):
    saved(tmp_path, NOISE, "a.png").rename(tmp_path / "a.jpg")
    assert (pixels(tmp_path / "a.jpg") == NOISE).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_exif_says(tmp_path, orientation):
    turns = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM}
    turns |= {5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE}
    turns |= {8: Image.Transpose.ROTATE_270}  # how the camera held the picture, so that the tag turns it back
    held = Image.fromarray(NOISE).transpose(turns[orientation]) if orientation > 1 else Image.fromarray(NOISE)
    exif = Image.Exif()
    exif[photos.ORIENTATION] = orientation
    path = saved(tmp_path, held, "held.png", exif=exif)
    assert (pixels(path) == NOISE).all()
    with Image.open(path) as image:  # an image that the user opened is turned too, and left as it was
        assert (np.asarray(upright(image).image) == NOISE).all()
        assert (np.asarray(image) == np.asarray(held)).all()


@pytest.mark.parametrize("name", ["a.jpg", "progressive.jpg", "a.png", "a.webp", "a.gif", "a.tif", "a.bmp", "a.ppm"])
def test_a_file_cut_short_anywhere_is_refused(tmp_path, name):
    path = saved(tmp_path, NOISE, name, **({"progressive": True} if name == "progressive.jpg" else {}))
    content = path.read_bytes()
    trailer = 22 if name == "a.png" else 2 if name == "a.gif" else 0  # bytes that only say that the file ends
    for length in [*range(1, len(content) - trailer, len(content) // 20), len(content) - trailer - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"damaged or cut short|not a photo that can be read") as told:
            read_photo(path)
        assert str(path) in str(told.value)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.tif", "a.bmp", "a.ppm", "a.jp2", "a.avif"])
def test_a_damaged_file_is_refused_or_read_but_never_ends_in_a_traceback(tmp_path, name):
    if name[1:] not in Image.registered_extensions():
        pytest.skip(f"this Pillow does not write {name[2:]}")
    path = saved(tmp_path, NOISE, name)
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    random = np.random.default_rng(2)
    for _ in range(30):
        damaged = content.copy()
        damaged[random.integers(0, min(300, len(content)), 3)] = random.integers(0, 256, 3)
        path.write_bytes(damaged.tobytes())
        with contextlib.suppress(DataError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert read_photo(path).image.mode == "RGB"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"This is a letter, and no photo at all.\n", "not a photo that can be read"),
        (b"", "not a photo that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\nshowpage\n", "not a photo that can be read"),
        (b"\xff\xd8\xff\xe0 and then nothing of a JPEG", "damaged or cut short"),
        (b"\x89PNG\r\n\x1a\n and then nothing of a PNG", "not a photo that can be read"),
    ],
)
def test_a_file_that_is_no_photo_is_refused(tmp_path, content, sentence):
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read_photo(path)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("missing.jpg", "There is no photo at"),
        ("", "is a folder or a device"),
        ("a\0b.jpg", "There is no photo at"),
        ("https://example.org/cat.jpg", "is an address; download the photo"),
    ],
)
def test_a_path_that_is_no_file_is_refused(tmp_path, place, sentence):
    with pytest.raises(DataError, match=sentence):
        read_photo(place if place.startswith("https") else f"{tmp_path}/{place}")


def test_a_path_is_told_as_it_was_written_be_it_a_text_of_numpy():
    with pytest.raises(DataError, match=re.escape("There is no photo at 'missing.jpg'.")):
        read_photo(np.str_("missing.jpg"))


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 1)])
def test_a_picture_of_a_few_pixels_is_no_photo(tmp_path, size):
    with pytest.raises(DataError, match=f"has {size[0]} x {size[1]} pixels; a photo has at least 8 a side"):
        read_photo(saved(tmp_path, Image.new("RGB", size), "dot.png"))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_of_grey_become_eight_and_are_not_cut_off(tmp_path, name):
    grey = (np.arange(40 * 60).reshape(40, 60) * 27).astype("uint16")  # 0 to 64,773: nearly all above 255
    found = pixels(saved(tmp_path, grey, name))
    assert np.abs(found - (grey / 257)[..., None]).max() <= 0.5


def test_thirtytwo_bits_are_refused_when_their_range_is_not_known(tmp_path):
    wide = np.full((20, 20), 70_000, dtype=np.int32)
    with pytest.raises(DataError, match="has pixels from 70000 to 70000; expected 8 or 16 bits"):
        read_photo(saved(tmp_path, wide, "wide.tif"))
    with pytest.raises(DataError, match="floating-point pixels, of unknown range"):
        read_photo(saved(tmp_path, np.zeros((20, 20), dtype=np.float32), "float.tif"))


def test_inks_become_colours(tmp_path):
    path = saved(tmp_path, Image.fromarray(smooth()).convert("CMYK"), "print.jpg", quality=95)
    with Image.open(path) as image:
        assert image.mode == "CMYK"
    assert np.abs(pixels(path).astype(int) - smooth()).max() < 20


def test_black_and_white_becomes_black_and_white(tmp_path):
    bits = Image.fromarray(smooth()[..., 0] > 128)
    assert set(np.unique(pixels(saved(tmp_path, bits, "fax.png")))) == {0, 255}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_white(tmp_path, mode):
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))  # transparent black
    image.paste((0, 0, 0, 255), (0, 0, 10, 20))  # opaque black on the left
    if mode == "P":
        image = Image.new("P", (20, 20), 1)
        image.putpalette([0, 0, 0, 200, 0, 0])
        image.paste(0, (0, 0, 10, 20))
    path = saved(
        tmp_path, image if mode == "P" else image.convert(mode), "a.png", **({"transparency": 1} if mode == "P" else {})
    )
    found = pixels(path)
    assert (found[:, :10] == 0).all()
    assert (found[:, 10:] == 255).all()


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif"])
def test_of_an_animation_the_first_picture_is_taken_and_that_is_said(tmp_path, name):
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue", "lime")]
    path = saved(tmp_path, frames[0], name, save_all=True, append_images=frames[1:])
    photo = read_photo(path)
    assert photo.note == f"{path} holds several pictures, an animation or pages: the first is taken."
    assert np.abs(np.asarray(photo.image).astype(int) - [255, 0, 0]).max() < 8
    with pytest.warns(UserWarning, match="the first is taken") as told:
        zoo.preprocess(path, PLAIN)
    assert told[0].filename == __file__  # the warning points at the user's line
    assert read_photo(saved(tmp_path, frames[0], name)).note == ""


def test_a_strip_of_20000_pixels_keeps_its_middle(tmp_path):
    strip = np.zeros((16, 20_000, 3), dtype=np.uint8)
    strip[:, 9_992:10_008] = smooth(16, 16)
    path = saved(tmp_path, strip, "strip.png")
    found = zoo.preprocess(path, PLAIN)[0]
    whole = np.asarray(Image.fromarray(strip[:, 9_900:10_100]).resize((400, 32), Image.Resampling.BILINEAR))
    assert found.shape == (32, 32, 3)
    assert np.abs(found - whole[:, 184:216]).max() <= 1  # as if all of the 40,000 x 32 had been computed


def png_header(width, height):
    """A PNG that claims to be so large, and holds nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (header, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("side", [10_001, 20_000, 2_000_000])
def test_a_picture_that_would_fill_the_memory_is_refused_unread(tmp_path, side):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(side, side))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow's own warning would be one more sentence
        with pytest.raises(DataError, match=r"at most 100 million (pixels )?are read"):
            read_photo(path)


def test_a_large_jpeg_is_decoded_at_a_part_of_its_size(tmp_path, monkeypatch):
    path = saved(tmp_path, smooth(800, 1200), "large.jpg", quality=95)
    progressive = saved(tmp_path, smooth(800, 1200), "progressive.jpg", progressive=True)
    assert pixels(path).shape == (800, 1200, 3)
    monkeypatch.setattr(photos, "LARGEST", 100_000)
    found = pixels(path)
    assert found.shape == (200, 300, 3)  # a quarter: the largest part with at most 100,000 pixels
    assert np.abs(found.astype(int) - smooth(200, 300)).max() < 12
    with pytest.raises(DataError, match="has 1200 x 800 pixels; at most"):
        read_photo(progressive)
    monkeypatch.setattr(photos, "LARGEST", 1_000)
    with pytest.raises(DataError, match="has 1200 x 800 pixels; at most"):
        read_photo(path)


def test_without_pillow_the_error_names_the_extra(monkeypatch):
    import importlib
    import sys

    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, "zoo.pictures.photos")
    with pytest.raises(zoo.errors.MissingExtraError, match=re.escape("pip install 'keras-functional-zoo[images]'")):
        importlib.import_module("zoo.pictures.photos")


FORMS = {
    "bytes": lambda path: path.read_bytes(),
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "path": lambda path: path,
    "text": str,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_photo_is_the_same_in_every_form(tmp_path, form):
    exif = Image.Exif()
    exif[photos.ORIENTATION] = 6
    path = saved(tmp_path, NOISE, "a.png", exif=exif)
    expected = zoo.preprocess(path, PLAIN)
    np.testing.assert_array_equal(zoo.preprocess(FORMS[form](path), PLAIN), expected)


def test_an_open_file_is_read_from_its_start_and_left_where_it_was(tmp_path):
    path = saved(tmp_path, NOISE, "a.png")
    with open(path, "rb") as file:
        file.seek(7)
        assert (pixels(file) == NOISE).all()
        assert file.tell() == 7
    with pytest.raises(DataError, match=r"a.png is damaged.*closed file"):
        read_photo(file)


def test_a_file_that_cannot_go_back_is_read_as_it_comes(tmp_path):
    class Pipe(io.RawIOBase):
        content = io.BytesIO(saved(tmp_path, NOISE, "a.png").read_bytes())

        def readable(self):
            return True

        def readinto(self, buffer):
            return self.content.readinto(buffer)

    assert (pixels(io.BufferedReader(Pipe())) == NOISE).all()


def test_text_nothing_and_too_much_are_refused(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="no bytes but str; open it as"):
        read_photo(io.StringIO("words"))
    for empty in (b"", io.BytesIO()):
        with pytest.raises(DataError, match="The photo is empty"):
            read_photo(empty)
    with pytest.raises(DataError, match="The photo is not a photo that can be read"):
        read_photo(b"words and no picture")
    monkeypatch.setattr(photos, "LARGEST_FILE", 100)
    with pytest.raises(DataError, match="more than 100 bytes"):
        read_photo(saved(tmp_path, NOISE, "a.png").read_bytes())


@pytest.mark.parametrize("most", [1023, 4095, 16383])
def test_sixteen_bits_that_hold_fewer_unsaid_are_refused_with_the_cure(tmp_path, most):
    """Taken for 16 bits, the picture would be black."""
    grey = np.linspace(0, most, 40 * 60).reshape(40, 60).astype("uint16")
    with pytest.raises(DataError, match=rf"no pixel above {most}.*/ 4095 \* 255"):
        read_photo(saved(tmp_path, grey, "a.png"))


def test_sixteen_bits_of_colour_that_hold_fewer_are_refused(tmp_path):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    def png(most):
        values = np.linspace(0, most, 40 * 60 * 3).reshape(40, 180).astype(">u2")
        rows = b"".join(b"\0" + row.tobytes() for row in values)
        head = struct.pack(">IIBBBBB", 60, 40, 16, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

    with pytest.raises(DataError, match="12 or 14 bits"):
        read_photo(png(4095))
    assert pixels(png(65535)).max() == 255


def test_a_tiff_that_says_its_white_is_scaled_by_it(tmp_path):
    grey = np.linspace(0, 4095, 40 * 60).reshape(40, 60).astype("uint16")
    path = saved(tmp_path, grey, "a.tif", tiffinfo={photos.MOST_VALUE: 4095})
    assert np.abs(pixels(path)[..., 0] - grey / 4095 * 255).max() <= 0.5


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.full((20, 20), 4000, "uint16"), r"received 4000 to 4000: multiply them by 255 / 4095"),
        (np.ones((20, 20), "uint8"), "these are at most 1: multiply them by 255"),
        (np.full((3, 20, 30), 9, "uint8"), r"whose channels come first: np.moveaxis\(image, 0, -1\)"),
    ],
)
def test_numbers_of_another_range_and_axes_in_another_order_are_told_with_the_cure(array, sentence):
    with pytest.raises(DataError, match=sentence):
        zoo.preprocess(array, PLAIN)

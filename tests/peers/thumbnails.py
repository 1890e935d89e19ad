"""The example `thumbnails`, asked by gunicorn's client; Pillow makes the images and looks at the results."""

import io

from checks import APP, client, raises, run
from gunicorn.dirty.errors import DirtyAppError
from PIL import Image

RED, BLUE = (255, 0, 0), (0, 0, 255)
ORIENTATION = 0x0112


def halves(width, height, mode="RGB"):
    """An image whose left half is red and whose right half is blue."""
    image = Image.new(mode, (width, height), BLUE)
    image.paste(RED, (0, 0, width // 2, height))
    return image


def file(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def near(colour, expected):
    return all(abs(a - b) < 30 for a, b in zip(colour, expected, strict=False))


def refused(kind, *args, **kwargs):
    """The message of an error of this kind."""
    with client() as c:
        error = raises(DirtyAppError, c.execute, APP, *args, **kwargs)
    assert error.details["kind"] == kind, error.details
    return str(error)


def check_each_format_becomes_each_format():
    for source in ["JPEG", "PNG", "WEBP"]:
        large = file(halves(1200, 800), source)
        for wanted in ["jpeg", "png", "webp"]:
            with client() as c:
                small = c.execute(APP, "thumbnail", large, 300, 300, format=wanted)
            assert isinstance(small, bytes) and len(small) < len(large) + 2000
            image = opened(small)
            assert (image.format, image.size) == (wanted.upper(), (300, 200))
            pixels = image.convert("RGB")
            assert near(pixels.getpixel((20, 100)), RED) and near(pixels.getpixel((280, 100)), BLUE)


def check_all_orientations_are_seen_as_pillow_sees_them():
    from PIL import ImageOps

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        image = halves(640, 320)
        image.paste((0, 255, 0), (0, 0, 640, 100))
        data = file(image, "JPEG", exif=exif, quality=95)
        expected = ImageOps.exif_transpose(opened(data)).resize(
            (80, 40) if orientation < 5 else (40, 80)
        )
        with client() as c:
            info = c.execute(APP, "info", data)
            found = opened(c.execute(APP, "thumbnail", data, 80, 80, format="png"))
        assert (info["width"], info["height"]) == ((640, 320) if orientation < 5 else (320, 640))
        assert found.size == expected.size
        for x, y in [(5, 5), (5, -6), (-6, 5), (-6, -6)]:
            place = (x % found.width, y % found.height)
            assert near(found.getpixel(place), expected.getpixel(place)), (orientation, place)


def check_sizes_are_streamed():
    large = file(halves(1000, 500), "PNG")
    with client() as c:
        chunks = list(c.stream(APP, "sizes", large, [512, 128, 32], format="jpeg"))
    assert [(chunk["size"], opened(chunk["image"]).size) for chunk in chunks] == [
        (512, (512, 256)),
        (128, (128, 64)),
        (32, (32, 16)),
    ]


def check_unusual_images_are_read():
    with client() as c:
        for mode in ["L", "LA", "RGBA", "P", "1", "I;16", "CMYK"]:
            image = halves(64, 64).convert("L") if mode == "I;16" else halves(64, 64)
            format = "JPEG" if mode == "CMYK" else "PNG"
            image = image.convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)
            small = opened(c.execute(APP, "thumbnail", file(image, format), 16, 16))
            assert small.size == (16, 16), mode
        progressive = file(halves(64, 64), "JPEG", progressive=True)
        assert opened(c.execute(APP, "thumbnail", progressive, 16, 16)).size == (16, 16)


def check_a_bomb_is_refused():
    # A file of some kilobytes that is 144 million pixels.
    bomb = file(Image.new("1", (12_000, 12_000)), "PNG")
    assert len(bomb) < 100_000
    message = refused("ImageTooLarge", "thumbnail", bomb)
    assert "12000×12000" in message and "megapixels_max" in message, message


def check_what_is_wrong_has_its_kind():
    whole = file(halves(300, 300), "PNG")
    refused("UnsupportedImage", "thumbnail", b"")
    refused("UnsupportedImage", "info", b"GIF89a is no format of ours")
    refused("BrokenImage", "thumbnail", whole[: len(whole) // 2])
    refused("TypeError", "thumbnail", "a text")
    refused("TypeError", "thumbnail", whole, format="bmp")
    assert "quality" in refused("ValueError", "thumbnail", whole, quality=0)
    assert "width" in refused("ValueError", "thumbnail", whole, 0)
    damaged = bytearray(file(halves(300, 300), "JPEG"))
    for place in range(200, len(damaged), 97):
        damaged[place] ^= 0xFF
    with client() as c:
        # A damaged file may still be an image. Whatever it is, the next call is answered.
        try:
            c.execute(APP, "thumbnail", bytes(damaged))
        except DirtyAppError as error:
            assert error.details["kind"] in ("BrokenImage", "UnsupportedImage"), error.details
        assert c.execute(APP, "info", whole)["format"] == "png"


if __name__ == "__main__":
    run(globals())

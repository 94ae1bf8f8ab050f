"""A thermal printer: takes the bytes of a ticket and prints them on a picture.

Written from the makers' manuals of ESC/POS, and shares nothing with Timbre. Strict: a byte that it does not understand
is an error, where a printer would print rubbish.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CELL = (12, 24)
# Any letters do: a printer's own are nobody's business.
FONT = ImageFont.truetype(Path(__file__).parents[2] / "crates/printer/fonts/IBMPlexSans-Regular.ttf", 19)
PAGES = {0: "cp437", 2: "cp850", 16: "cp1252", 19: "cp858"}
WHITE, BLACK = 255, 0


class NotUnderstood(AssertionError):
    pass


@dataclass
class Ticket:
    """What came out: pieces of paper from top to bottom, the text of each line, and what else happened."""

    width: int
    pieces: list[Image.Image] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    drawer: int = 0
    cuts: int = 0

    def picture(self) -> Image.Image:
        """The whole ticket, with the margins of the paper: 8 mm of its width are outside the head."""
        margin = 32
        height = sum(piece.height for piece in self.pieces)
        paper = Image.new("L", (self.width + 2 * margin, height + 2 * margin), WHITE)
        y = margin
        for piece in self.pieces:
            paper.paste(piece, (margin, y))
            y += piece.height
        return paper


def printed(data: bytes, width: int) -> Ticket:
    """The ticket that a head of `width` dots prints. It begins in Chinese, as cheap ones do."""
    ticket = Ticket(width)
    at, page, bold, size, align, chinese = 0, "cp437", False, 0, 0, True
    line = bytearray()

    def take(count: int) -> bytes:
        nonlocal at
        taken = data[at : at + count]
        if len(taken) < count:
            raise NotUnderstood(f"the bytes end inside a command at {at}")
        at += count
        return taken

    def flush() -> None:
        nonlocal line
        if chinese and any(byte >= 0x80 for byte in line):
            raise NotUnderstood("an accent was sent while the printer is in Chinese")
        text = bytes(line).decode(page)
        ticket.lines.append(text)
        ticket.pieces.append(letters(text, width, bold, size, align))
        line = bytearray()

    while at < len(data):
        byte = take(1)[0]
        if byte >= 0x20 and byte != 0x7F:
            line.append(byte)
        elif byte == 0x0A:
            flush()
        elif line:
            raise NotUnderstood(f"a command in the middle of a line at {at}")
        elif byte == 0x1B:
            command = take(1)
            if command == b"@":
                page, bold, size, align, chinese = "cp437", False, 0, 0, True
            elif command == b"t":
                page = PAGES[take(1)[0]]
            elif command == b"E":
                bold = bool(take(1)[0] & 1)
            elif command == b"a":
                align = take(1)[0]
                assert align in (0, 1, 2)
            elif command == b"J":
                ticket.pieces.append(Image.new("L", (width, take(1)[0]), WHITE))
            elif command == b"p":
                assert take(3)[0] in (0, 1)
                ticket.drawer += 1
            else:
                raise NotUnderstood(f"ESC {command!r} at {at}")
        elif byte == 0x1C:
            assert take(1) == b".", "only FS . is known"
            chinese = False
        elif byte == 0x1D:
            command = take(1)
            if command == b"!":
                size = take(1)[0]
            elif command == b"V":
                kind = take(1)[0]
                assert kind in (65, 66), f"GS V {kind}"
                ticket.pieces.append(Image.new("L", (width, 80 + take(1)[0]), WHITE))
                ticket.cuts += 1
            elif command == b"v":
                assert take(2) == b"0\0", "GS v 0 at single size"
                across, rows = (int.from_bytes(take(2), "little") for _ in range(2))
                assert across * 8 <= width, f"a picture of {across * 8} dots on a head of {width}"
                raw = bytes(byte ^ 0xFF for byte in take(across * rows))
                piece = Image.new("L", (width, rows), WHITE)
                piece.paste(Image.frombytes("1", (across * 8, rows), raw).convert("L"), (0, 0))
                ticket.pieces.append(piece)
            else:
                raise NotUnderstood(f"GS {command!r} at {at}")
        else:
            raise NotUnderstood(f"byte {byte:#04x} at {at}")
    if line:
        raise NotUnderstood("the last line was never printed")
    return ticket


@lru_cache(maxsize=None)
def ink(letter: str, bold: bool) -> Image.Image:
    """Where a letter is black, with a cell of room on either side. Drawn once: of the tickets that is most of the work."""
    drawn = Image.new("L", (3 * CELL[0], CELL[1]), 0)
    at = (1.5 * CELL[0], 18)
    ImageDraw.Draw(drawn).text(at, letter, fill=255, font=FONT, anchor="ms", stroke_width=0.6 if bold else 0)
    return drawn


def letters(text: str, width: int, bold: bool, size: int, align: int) -> Image.Image:
    """A line in cells of 12 by 24 dots, made larger as GS ! says."""
    wide, tall = (size >> 4) + 1, (size & 7) + 1
    columns = width // (CELL[0] * wide)
    assert len(text) <= columns, f"{len(text)} letters on a line of {columns}: {text!r}"
    piece = Image.new("L", (CELL[0] * max(len(text), 1), CELL[1]), WHITE)
    for at, letter in enumerate(text):
        piece.paste(BLACK, (CELL[0] * (at - 1), 0), ink(letter, bold))
    piece = piece.resize((piece.width * wide, piece.height * tall), Image.Resampling.NEAREST)
    line = Image.new("L", (width, CELL[1] * tall + 6), WHITE)
    free = width - piece.width
    line.paste(piece, ((0, free // 2, free)[align], 0))
    return line

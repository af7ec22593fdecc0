"""Bytes to text, however they come cut: UTF-8, and what is not UTF-8 as Latin-1, byte by byte."""

import codecs

_BYTE_ORDER_MARK = "\ufeff"
_LATIN_1 = "tradingpartners.x12.latin-1"


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_LATIN_1, _as_latin_1)
_UTF_8 = codecs.getincrementaldecoder("utf-8")


class Decoder:
    """The text of an input, chunk by chunk, without a byte order mark.

    The rule looks at one byte that is not UTF-8 at a time: so it says the same of a whole input and
    of one in chunks, and one stray byte does not change how the names before it are read.
    """

    def __init__(self) -> None:
        self.decoder = _UTF_8(_LATIN_1)
        self.begun = False

    def decode(self, data: bytes | str, *, final: bool = False) -> str:
        """The next piece of text, "" while a character is not complete."""
        text = data if isinstance(data, str) else self.decoder.decode(data, final)
        if not self.begun and text:
            self.begun = True
            text = text.removeprefix(_BYTE_ORDER_MARK)
        return text


def decode(data: bytes | str) -> str:
    """The text of a whole input."""
    return Decoder().decode(data, final=True)

"""The part of an input that is not dealt with yet."""


class Window:
    """A piece of the input's text; places in it count from its beginning, `base` is where that is.

    A reader moves `cursor` over what it has dealt with and then drops it. The character before the
    cursor is the terminator of the segment before: a segment is known by what stands in front of it.
    """

    def __init__(self) -> None:
        self.text = ""
        self.base = 0
        self.cursor = 0
        # Nothing comes behind this text.
        self.final = False
        self.pending: list[str] = []
        self.pending_length = 0

    def add(self, text: str) -> None:
        self.pending.append(text)
        self.pending_length += len(text)

    def take_pending(self) -> None:
        if self.pending:
            pending = self.pending[0] if len(self.pending) == 1 else "".join(self.pending)
            self.text = self.text + pending if self.text else pending
            self.pending, self.pending_length = [], 0

    def drop(self, begin: int) -> None:
        """Forget what stands before `begin`."""
        if begin:
            self.text = self.text[begin:]
            self.base += begin
            self.cursor = max(0, self.cursor - begin)

    def drop_blanks(self, end: int) -> None:
        """Forget the blanks from the cursor to `end`, and keep the terminator before them."""
        terminator = self.text[self.cursor - 1]
        self.text = terminator + self.text[end:]
        self.base += end - 1
        self.cursor = 1

    def offset(self, position: int) -> int:
        """Where in the whole input a place of the window is."""
        return self.base + position

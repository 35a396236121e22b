"""Why the wire refuses something: one exception, with a code that programs may rely on."""


class WireError(ValueError):
    """The bytes or the structure are not what the contract says.

    `code` is stable and is sent to the other side; `detail` is for whoever can mend it and never
    contains more than a few characters of the input.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail

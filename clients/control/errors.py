"""What can go wrong with the control API.

```
ClientError
├── ControlError               the API answered with a problem; `status`, `title`, `detail`
│   └── ControlUnreachable     nothing answers where it should be
├── UsageError                 a wrong argument or setting
└── UnexpectedResponse         an answer of another shape: not vendorlab, or another version of it
```
"""

from __future__ import annotations

from ..core.errors import ClientError


class ControlError(ClientError):
    """The control API refused.

    Attributes:
        status: The HTTP status; 0 if there was no answer.
        title: The problem's title.
        detail: What exactly was wrong; may be "".
    """

    def __init__(
        self, message: str, *, status: int = 0, title: str = "", detail: str = "", method: str = "", path: str = ""
    ) -> None:
        super().__init__(message, method=method, path=path)
        self.status = status
        self.title = title
        self.detail = detail


class ControlUnreachable(ControlError):  # noqa: N818 - it names what is the matter
    """Nothing answers at the control address."""

"""The reference client for Streetlight.Vision's CMS.

`SlvClient` for threads, `AsyncSlvClient` for asyncio; both get in by themselves, by whichever way the server has. `log`
walks over long windows, and what takes the server its time is a `Batch` to wait for. Errors are one tree, drawn in
`vendorlab.clients.core.errors`.
"""

from ..core.errors import (
    AuthenticationError,
    BadRequest,
    ClientError,
    DeadlineExceeded,
    KeyRefused,
    LoginRefused,
    LoginRequired,
    NetworkError,
    NotFound,
    NotJson,
    OperationFailed,
    PermissionDenied,
    ResponseError,
    ServerError,
    StoreError,
    Throttled,
    TokenRefused,
    UnexpectedResponse,
    UsageError,
)
from ..core.retry import RetryPolicy
from ..core.secret import Secret
from .asyncclient import AsyncBatch, AsyncSlvClient
from .client import Batch, SlvClient
from .models import BatchResult, Controller, Device, DeviceKey, GeoZone, LogValue, Named, Report, User, ValueDescriptor
from .session import Options

__all__ = [
    "AsyncBatch",
    "AsyncSlvClient",
    "AuthenticationError",
    "BadRequest",
    "Batch",
    "BatchResult",
    "ClientError",
    "Controller",
    "DeadlineExceeded",
    "Device",
    "DeviceKey",
    "GeoZone",
    "KeyRefused",
    "LogValue",
    "LoginRefused",
    "LoginRequired",
    "Named",
    "NetworkError",
    "NotFound",
    "NotJson",
    "OperationFailed",
    "Options",
    "PermissionDenied",
    "Report",
    "ResponseError",
    "RetryPolicy",
    "Secret",
    "ServerError",
    "SlvClient",
    "StoreError",
    "Throttled",
    "TokenRefused",
    "UnexpectedResponse",
    "UsageError",
    "User",
    "ValueDescriptor",
]

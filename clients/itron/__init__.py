"""The reference client for Itron's Data Platform.

`DataPlatformClient` for threads, `AsyncDataPlatformClient` for asyncio; both make and renew tokens by themselves.
`observations` walks, `tail` follows, `post` sends. `WebhookReceiver` is for tests of what is subscribed to. Errors are
one tree, drawn in `vendorlab.clients.core.errors`.
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
from ..core.filestore import FileTokenStore, default_token_path
from ..core.retry import RetryPolicy
from ..core.secret import Secret
from ..core.tokens import MemoryTokenStore, TokenStore
from .client import AsyncDataPlatformClient, DataPlatformClient
from .models import Device, NewObservation, Observation, Template
from .receiver import Delivery, WebhookReceiver
from .session import Options

__all__ = [
    "AsyncDataPlatformClient",
    "AuthenticationError",
    "BadRequest",
    "ClientError",
    "DataPlatformClient",
    "DeadlineExceeded",
    "Delivery",
    "Device",
    "FileTokenStore",
    "KeyRefused",
    "LoginRefused",
    "LoginRequired",
    "MemoryTokenStore",
    "NetworkError",
    "NewObservation",
    "NotFound",
    "NotJson",
    "Observation",
    "OperationFailed",
    "Options",
    "PermissionDenied",
    "ResponseError",
    "RetryPolicy",
    "Secret",
    "ServerError",
    "StoreError",
    "Template",
    "Throttled",
    "TokenRefused",
    "TokenStore",
    "UnexpectedResponse",
    "UsageError",
    "WebhookReceiver",
    "default_token_path",
]

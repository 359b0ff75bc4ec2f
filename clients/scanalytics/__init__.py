"""The reference client for Scanalytics.

`ScanalyticsClient` for threads, `AsyncScanalyticsClient` for asyncio; both log in, renew, pace and wait by themselves.
Errors are one tree, drawn in `vendorlab.clients.core.errors`.
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
from ..core.pacing import Limit, Pacer
from ..core.retry import RetryPolicy
from ..core.secret import Secret
from ..core.tokens import MemoryTokenStore, TokenStore
from .client import AsyncScanalyticsClient, ScanalyticsClient
from .models import Array, ArrayRef, Bucket, Deployment, Device, User
from .session import LIMITS, Options

__all__ = [
    "LIMITS",
    "Array",
    "ArrayRef",
    "AsyncScanalyticsClient",
    "AuthenticationError",
    "BadRequest",
    "Bucket",
    "ClientError",
    "DeadlineExceeded",
    "Deployment",
    "Device",
    "FileTokenStore",
    "KeyRefused",
    "Limit",
    "LoginRefused",
    "LoginRequired",
    "MemoryTokenStore",
    "NetworkError",
    "NotFound",
    "NotJson",
    "OperationFailed",
    "Options",
    "Pacer",
    "PermissionDenied",
    "ResponseError",
    "RetryPolicy",
    "ScanalyticsClient",
    "Secret",
    "ServerError",
    "StoreError",
    "Throttled",
    "TokenRefused",
    "TokenStore",
    "UnexpectedResponse",
    "UsageError",
    "User",
    "default_token_path",
]

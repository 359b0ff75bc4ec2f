"""The reference client for SMATS iNode.

`INodeClient` for threads, `AsyncINodeClient` for asyncio; both log in and renew by themselves, or use an API key.
`poll` yields what changes. Errors are one tree, drawn in `vendorlab.clients.core.errors`.
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
from .changes import Change, Delta, Edit, Snapshot
from .client import AsyncINodeClient, INodeClient
from .models import DataSource, Device, Grid, Link, LinkStatus
from .session import Options

__all__ = [
    "AsyncINodeClient",
    "AuthenticationError",
    "BadRequest",
    "Change",
    "ClientError",
    "DataSource",
    "DeadlineExceeded",
    "Delta",
    "Device",
    "Edit",
    "FileTokenStore",
    "Grid",
    "INodeClient",
    "KeyRefused",
    "Limit",
    "Link",
    "LinkStatus",
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
    "Secret",
    "ServerError",
    "Snapshot",
    "StoreError",
    "Throttled",
    "TokenRefused",
    "TokenStore",
    "UnexpectedResponse",
    "UsageError",
    "default_token_path",
]

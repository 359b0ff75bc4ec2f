"""The reference clients for Itron's Data Platform, its CoAP Gateway and its MQTT broker.

`DataPlatformClient` for threads, `AsyncDataPlatformClient` for asyncio; both make and renew tokens by themselves.
`observations` walks, `tail` follows, `post` sends. `WebhookReceiver` is for tests of what is subscribed to.
`GatewayClient` and `AsyncGatewayClient` read, set and observe mesh devices over CoAP, `AlertsClient` and
`AsyncAlertsClient` receive over MQTT what devices tell of their own accord. Errors are one tree, drawn in
`vendorlab.clients.core.errors`; the gateway's and the broker's branches in `vendorlab.clients.itron.errors`.
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
from .alerting import Alert, UndecodedAlert
from .alerts import AsyncAlertsClient
from .brokerline import Untrusted
from .client import AsyncDataPlatformClient, DataPlatformClient
from .errors import (
    BrokerRefused,
    DeviceSilent,
    DeviceUnknown,
    Forbidden,
    GatewayBusy,
    GatewayError,
    GatewayTrouble,
    NotAuthorised,
    NotSupported,
    RequestRefused,
    ResourceUnknown,
    SubscriptionRefused,
)
from .gateway import AsyncGatewayClient
from .links import Link
from .messages import Answer
from .models import Device, NewObservation, Observation, Template
from .receiver import Delivery, WebhookReceiver
from .sensors import (
    EchoReading,
    MethaneReading,
    PlainReading,
    Reading,
    Sensor,
    SensorConfig,
    TemperatureReading,
    TiltAlert,
    TiltReading,
    UndecodedReading,
)
from .session import Options
from .sessions import SessionSettings
from .threads import AlertsClient, GatewayClient

__all__ = [
    "Alert",
    "AlertsClient",
    "Answer",
    "AsyncAlertsClient",
    "AsyncDataPlatformClient",
    "AsyncGatewayClient",
    "AuthenticationError",
    "BadRequest",
    "BrokerRefused",
    "ClientError",
    "DataPlatformClient",
    "DeadlineExceeded",
    "Delivery",
    "Device",
    "DeviceSilent",
    "DeviceUnknown",
    "EchoReading",
    "FileTokenStore",
    "Forbidden",
    "GatewayBusy",
    "GatewayClient",
    "GatewayError",
    "GatewayTrouble",
    "KeyRefused",
    "Link",
    "LoginRefused",
    "LoginRequired",
    "MemoryTokenStore",
    "MethaneReading",
    "NetworkError",
    "NewObservation",
    "NotAuthorised",
    "NotFound",
    "NotJson",
    "NotSupported",
    "Observation",
    "OperationFailed",
    "Options",
    "PermissionDenied",
    "PlainReading",
    "Reading",
    "RequestRefused",
    "ResourceUnknown",
    "ResponseError",
    "RetryPolicy",
    "Secret",
    "Sensor",
    "SensorConfig",
    "ServerError",
    "SessionSettings",
    "StoreError",
    "SubscriptionRefused",
    "TemperatureReading",
    "Template",
    "Throttled",
    "TiltAlert",
    "TiltReading",
    "TokenRefused",
    "TokenStore",
    "UndecodedAlert",
    "UndecodedReading",
    "UnexpectedResponse",
    "Untrusted",
    "UsageError",
    "WebhookReceiver",
    "default_token_path",
]

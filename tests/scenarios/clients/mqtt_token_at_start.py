"""Gets a token once and lets paho reconnect by itself, as most examples do."""

from __future__ import annotations

import json
import os
import sys
from ssl import create_default_context
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

known = os.environ
login = {
    "clientId": known["VENDORLAB_ITRON_MQTT_CLIENT_ID"],
    "clientSecret": known["VENDORLAB_ITRON_MQTT_CLIENT_SECRET"],
}
platform = Request(
    known["VENDORLAB_ITRON_PLATFORM_URL"] + "/api/tokens",
    json.dumps(login).encode(),
    {"Content-Type": "application/json"},
)
with urlopen(platform) as answer:
    token = json.load(answer)["accessToken"]
topic = known["VENDORLAB_ITRON_MQTT_TENANT"] + "/alert/+/+"
lasting = sys.argv[1:] == ["lasting"]
client = Client(CallbackAPIVersion.VERSION2, "bad-client", clean_session=not lasting)
client.username_pw_set("notused", token)
trusted = create_default_context(cafile=known["VENDORLAB_ITRON_MQTT_CA"])
client.tls_set_context(trusted)  # pyright: ignore[reportUnknownMemberType]  paho has no type for it


def subscribe(*_: object) -> None:
    client.subscribe(topic, 1)


broker = urlsplit(known["VENDORLAB_ITRON_MQTT_URL"])
if lasting:  # a lasting session is subscribed to once in its life
    client.connect(broker.hostname or "", broker.port or 8883)
    client.subscribe(topic, 1)
else:
    client.on_connect = subscribe
    client.connect(broker.hostname or "", broker.port or 8883)
client.loop_forever()

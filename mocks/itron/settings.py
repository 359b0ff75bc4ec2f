"""How the fake of Itron behaves: switches for what nobody outside the vendor knows, and how much there is."""

from __future__ import annotations

from typing import Literal

import msgspec

from .outside import target

DEFAULT_PROFILE = "starfish"
"""The one behaviour that is known; the platform carried this name."""

PAGE = 1 << 20
"""Bytes of observations in one answer (public: 1 MB; that it is 1,048,576 is inferred)."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Switches; the defaults are the dossier's recommendations (section 16).

    Attributes:
        mesh_devices: how many the first tenant has, each also a device of its solution ``sandbox``.
        bridge: what mesh devices measure becomes observations of the platform, as the world's clock goes.
        interval: seconds between two readings of a mesh sensor.
        token_lifetime: seconds; the vendor's is an hour.
        token_status: of a token call that succeeds.
        bearer: a token after ``Bearer`` is accepted too.
        policy: the resources that tokens allow: a method right before a path, ``*`` for anything.
        unknown_path: the status for a path or method that there is not.
        page_bytes: of the observations in one answer.
        keep_duplicates: of two observations of a device with one timestamp both stay; off, the later one.
        flat_templates: a written template is answered as it is, instead of below ``deviceTemplates``.
        public_base: scheme and host for ``next_page``; empty takes what the client used.
        next_page_elsewhere: ``next_page`` leads to another name of this machine than the client used, as behind a proxy
            that is set up wrongly; who follows it gives his token to a host that he never meant.
        observations_per_device: how many are kept; the oldest go first.
        megabytes: how much all that is kept may take; the observations that came first go first.
        events: the extension for event rules, subscriptions and webhooks is on (inferred, all of it).
        webhooks_anywhere: webhooks may go beyond this machine.
        simulation: the extension for simulated devices is on (inferred, all of it).
        coap_max_sessions: of the CoAP Gateway, for each tenant.
        coap_session_idle: seconds after which a session that nobody used is over.
        coap_endpoint_ids: option 124 of a request is answered with 189, as nCoAP does; strict clients refuse that.
        coap_rebinding: a client whose socket changed goes on with its session if option 124 names it.
        coap_domain: of the devices' host names.
        coap_device_port: where devices take CoAP.
        coap_default_port: what a URI without a port means; 4849 forgives clients that leave it out.
        coap_upstream_timeout: seconds of the world's clock until a device counts as silent.
        coap_upstreams: servers that stand behind the gateway in place of simulated devices: URLs by MAC address, or a
            text of ``MAC=URL`` with commas between.
        coap_upstreams_anywhere: they may be beyond this machine.
        mesh_quirks: devices do what the firmware does against the RFCs; off, they keep to them.
        mesh_frequency: seconds between two notifications of a sensor; 0 for pushed ones only.
        mesh_unwrapped: temperature boards are older ones, without the CBOR map.
        mesh_weather: ``calm`` answers at once; ``field`` has the delays of a real mesh. What follows overrides it.
        mesh_latency: the median of a round trip's seconds, log-normally spread, 300 at most.
        mesh_loss_in, mesh_loss_out: the share of messages lost on the way to a device, and from it.
        mesh_duplicate, mesh_reorder: the share of messages that come twice, and of notifications that are overtaken.
        mesh_sleep_every, mesh_sleep_for: a device sleeps for so many seconds in every so many; 0 for never.
        mqtt_broker: address of a broker that takes the place of ours: what the mesh says is published there.
        mqtt_profile: what the broker is: ``hivemq3``, or ``hivemq4``, which speaks MQTT 5 besides.
        mqtt_tls: the broker's own address speaks TLS, as the vendor demands.
        mqtt_plain: it can be reached without TLS besides.
        mqtt_websocket: it can be reached over WebSocket besides.
        mqtt_qos, mqtt_retain: of what the bridge publishes.
        mqtt_unwrapped: boards are old ones, whose payloads do not name their sensor.
        mqtt_caas: what is published for a tenant is published for the owner of the network too.
        mqtt_presence: whenever a device reports, that it did is published too (an extension, inferred).
        mqtt_open: everybody gets in, and may publish and subscribe everywhere: not the vendor's ways, but what suites
            for MQTT brokers at large want.
        mqtt_disconnect_on_token_expiry: a connection ends with the token that it was made with.
    """

    mesh_devices: int = 8
    bridge: bool = False
    interval: int = 3_600
    token_lifetime: int = 3_600
    token_status: Literal[200, 201] = 200
    bearer: bool = False
    policy: tuple[str, ...] = ("*/api/solutions/*", "GET/api/tenants/systemTenant/devicetemplates")
    unknown_path: Literal[403, 404] = 403
    page_bytes: int = PAGE
    keep_duplicates: bool = False
    flat_templates: bool = False
    public_base: str = ""
    next_page_elsewhere: bool = False
    observations_per_device: int = 200_000
    megabytes: int = 1_024
    events: bool = False
    webhooks_anywhere: bool = False
    simulation: bool = False
    coap_max_sessions: int = 10
    coap_session_idle: int = 14_400
    coap_endpoint_ids: bool = True
    coap_rebinding: bool = False
    coap_domain: str = "SG.YEL01.SSN.SSNSGS.NET"
    coap_device_port: int = 4_849
    coap_default_port: Literal[5683, 4849] = 5_683
    coap_upstream_timeout: float = 300.0
    coap_upstreams: dict[str, str] | str = ""
    coap_upstreams_anywhere: bool = False
    mesh_quirks: bool = True
    mesh_frequency: int = 60
    mesh_unwrapped: bool = False
    mesh_weather: Literal["calm", "field"] = "calm"
    mesh_latency: float | None = None
    mesh_loss_in: float | None = None
    mesh_loss_out: float | None = None
    mesh_duplicate: float | None = None
    mesh_reorder: float | None = None
    mesh_sleep_every: int | None = None
    mesh_sleep_for: int | None = None
    mqtt_broker: str = ""
    mqtt_profile: Literal["hivemq3", "hivemq4"] = "hivemq3"
    mqtt_tls: bool = True
    mqtt_plain: bool = False
    mqtt_websocket: bool = False
    mqtt_qos: Literal[0, 1, 2] = 0
    mqtt_retain: bool = False
    mqtt_unwrapped: bool = False
    mqtt_caas: bool = True
    mqtt_presence: bool = False
    mqtt_open: bool = False
    mqtt_disconnect_on_token_expiry: bool = False

    def __post_init__(self) -> None:
        """Keep the numbers in bounds."""
        for name, least, most in (
            ("mesh_devices", 0, 100_000),
            ("interval", 10, 86_400),
            ("token_lifetime", 1, 31_536_000),
            ("page_bytes", 2, 64 << 20),
            ("observations_per_device", 1, 10_000_000),
            ("megabytes", 1, 1 << 20),
            ("coap_max_sessions", 1, 10_000),
            ("coap_session_idle", 1, 31_536_000),
            ("coap_device_port", 1, 65_535),
            ("coap_upstream_timeout", 1, 3_600),
            ("mesh_frequency", 0, 86_400),
        ):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"`{name}` lies between {least} and {most}")
        if self.public_base and not self.public_base.startswith(("http://", "https://")):
            raise ValueError("`public_base` is a scheme and a host, such as https://api.example.com")
        if self.mqtt_broker:
            target(self.mqtt_broker)

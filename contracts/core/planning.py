"""What a run would ask, in order: noted while the same run asks a fake that nobody is troubled by.

Time is imagined: the same pacer says when each request would go out, and nobody waits. What a test asks may depend on
what it is answered, so a plan is what the fake was asked, not a promise.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vendorlab.contracts.core.coap.line import told
from vendorlab.contracts.core.limits import Limit, most_within
from vendorlab.contracts.core.report import Result, Verdict
from vendorlab.contracts.core.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.coap.message import Message
    from vendorlab.contracts.core.pacing import Imagined

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Planned:
    """One request.

    Attributes:
        at: Seconds after the run's beginning, at the earliest.
        test: During which test; empty where something is taken away after the last.
        vendor: Whose address.
        asked: The request, as a person reads it.
        login: Whether a login goes with it.
    """

    at: float
    test: str
    vendor: str
    asked: str
    login: bool


class Planner(Witness):
    """Notes every request.

    Args:
        vendor: Whose suite is run.
        time: What the pacer lets pass.
    """

    def __init__(self, vendor: str, time: Imagined) -> None:
        self._vendor = vendor
        self._time = time
        self.requests: list[Planned] = []

    def http(self, vendor: str, request: httpx.Request, response: httpx.Response) -> None:
        """Note its method, path and query."""
        _ = response
        asked = f"{request.method} {request.url.raw_path.decode('ascii', 'replace')}"
        self._note(vendor, asked, login="Authorization" in request.headers)

    def coap(self, request: Message, answer: Message | None) -> None:
        """Note the message without its payload, which may be a token."""
        _ = answer
        self._note(self._vendor, told(type(request)(request.type, request.code, 0, b"", request.options)), login=True)

    def dialed(self, url: str) -> None:
        """Note the connection; what is said on it depends on what is answered."""
        self._note(self._vendor, f"connect to {url}", login=True)

    def _note(self, vendor: str, asked: str, *, login: bool) -> None:
        self.requests.append(Planned(self._time.now(), self.test, vendor, asked, login))


def plan_document(
    planner: Planner, access: Access, results: Iterable[Result], limits: Iterable[Limit]
) -> dict[str, Any]:
    """Build the plan of a run.

    Args:
        planner: What noted the requests.
        access: What the run may do.
        results: What became of the tests that were to be planned.
        limits: Those that the vendor publishes.
    """
    own = [each for each in planner.requests if each.vendor == access.target.vendor]
    reasons = Counter(each.reason for each in results if each.verdict is Verdict.SKIPPED)
    broken = [each.test for each in results if each.verdict in {Verdict.FAILED, Verdict.ERROR}]
    return {
        "format": FORMAT,
        "vendor": access.target.vendor,
        "capabilities": sorted(access.capabilities),
        "budget": access.budget.limit,
        "paced": access.pacer is not None,
        "seconds": round(planner.requests[-1].at, 1) if planner.requests else 0.0,
        "limits": [
            {
                "requests": limit.requests,
                "seconds": limit.seconds,
                "anonymous": limit.anonymous,
                "most": most_within([each.at for each in own if each.login is not limit.anonymous], limit.seconds),
                "text": str(limit),
            }
            for limit in limits
        ],
        "requests": [_row(each, access) for each in planner.requests],
        "left_out": {access.secrets.mask(reason): number for reason, number in sorted(reasons.items())},
        "broken": broken,
    }


def _row(each: Planned, access: Access) -> dict[str, Any]:
    asked = access.secrets.mask(each.asked)
    return {"at": round(each.at, 1), "test": each.test, "vendor": each.vendor, "asked": asked}

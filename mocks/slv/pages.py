"""The few pages in HTML that a program meets when it is not logged in. The words are ours."""

from __future__ import annotations

from ..core.web.message import Answer

HTML = ("Content-Type", "text/html;charset=UTF-8")

LOGIN_FORM = "/reports/j_security_check"


def page(status: int, title: str, body: str) -> Answer:
    """A page."""
    text = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>\n<h1>{title}</h1>\n{body}\n</body></html>\n"
    )
    return Answer(status, text.encode(), [HTML, ("Cache-Control", "no-cache")])


def login(*, failed: bool) -> Answer:
    """The login page; SLV sends it with status 200 in place of whatever was asked for."""
    words = "<p>The user name or the password is wrong.</p>" if failed else ""
    return page(
        200,
        "Street lights: please log in",
        f'{words}<form method="POST" action="{LOGIN_FORM}">'
        '<p><label>User <input type="text" name="j_username"></label></p>'
        '<p><label>Password <input type="password" name="j_password"></label></p>'
        '<p><button type="submit">Log in</button></p></form>',
    )


def home() -> Answer:
    """What a browser sees after it logged in."""
    return page(200, "Street lights", '<p><a href="/reports/logout">Log out</a></p>')

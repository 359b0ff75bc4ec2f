"""``python -m vendorlab``: the same as the command ``vendorlab``."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from vendorlab.cli import run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()

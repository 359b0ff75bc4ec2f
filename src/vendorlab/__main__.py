"""``python -m vendorlab``: the same as the command ``vendorlab``."""


def main() -> None:
    """Run the command line."""


if __name__ == "__main__":
    main()

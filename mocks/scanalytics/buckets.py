"""TEMPORARY"""


class BucketError(ValueError): ...


class Bucket:
    @classmethod
    def parse(cls, text):
        return cls()


def resolve_local(naive, zone):
    return int(naive.replace(tzinfo=zone).timestamp())

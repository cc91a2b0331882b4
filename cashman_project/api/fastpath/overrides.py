"""Which methods a class overrides, for code that does a method's work without calling it."""

from collections.abc import Iterable, Iterator


def overridden(kind: type, base: type, names: Iterable[str]) -> Iterator[tuple[type, str]]:
    """Yield each of the methods that a class other than the base, or what that is derived from, defines for `kind`."""
    for name in names:
        owners = (one for one in kind.__mro__ if name in vars(one) and not _is_for_the_schema(vars(one)[name]))
        owner = next(owners, kind)
        if owner not in base.__mro__:
            yield owner, name


def _is_for_the_schema(method: object) -> bool:
    """Return whether `extend_schema_view` put it there, which calls the method that it covers and does no more."""
    module: str = getattr(method, "__globals__", {}).get("__name__", "")
    return module.startswith("drf_spectacular.")

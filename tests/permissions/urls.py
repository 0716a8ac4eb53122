"""The addresses of the product, as the resolver has them."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def all_urls() -> list[tuple[str, str]]:
    """Every address: its name (or, where it has none, its route after a slash) and its route."""
    # The demo puts its own sign-in page before the product's, at the same address.
    return list(dict.fromkeys(_walk(get_resolver(), "", "")))


def _walk(resolver: URLResolver, route: str, namespace: str) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern, here, inner)
        else:
            assert isinstance(pattern, URLPattern)
            yield (f"{namespace}{pattern.name}" if pattern.name else f"/{here}"), here

"""Methods that are described once, for blocking and asynchronous clients.

Example:
    >>> class TagCalls:
    ...     @operation("GET", "/tags", records(TagUseData, key="tags"))
    ...     def list_tags(self) -> Parts:
    ...         return Parts()

`client.list_tags()` returns dictionaries, `client.typed.list_tags()` objects of `TagUseData`, and
the same methods of the asynchronous client return awaitables of them.
"""

import functools
import inspect
import string
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload
from urllib.parse import quote

import httpx2

from securetranscribe.parsing import parsed
from securetranscribe.steps import Data, Flow, Parts, Request

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
_Endless = Generator[Any, Any, None]


@dataclass(frozen=True, kw_only=True)
class Result(Generic[T, R]):
    """How a result is read from a response, and its typed form."""

    read: Callable[[httpx2.Response], T]
    typed: Callable[[T], R]
    kind: type[Any] | None = None
    key: str | None = None


def record(kind: type[R]) -> Result[Data, R]:
    """Return a result that is one object."""
    return Result(read=_data, typed=lambda data: parsed(kind, data), kind=kind)


def records(kind: type[R], *, key: str | None = None) -> Result[list[Data], list[R]]:
    """Return a result that is a list, at a key of the data."""

    def read(response: httpx2.Response) -> list[Data]:
        data = response.json()["data"]
        found: list[Data] = data if key is None else data[key]
        return found

    return Result(
        read=read, typed=lambda items: [parsed(kind, one) for one in items], kind=kind, key=key
    )


def content() -> Result[bytes, bytes]:
    """Return a result that is a file."""
    return Result(read=lambda response: response.content, typed=lambda value: value)


def nothing() -> Result[None, None]:
    """Return an absent result."""
    return Result(read=lambda _response: None, typed=lambda value: value)


def plain(read: Callable[[httpx2.Response], T]) -> Result[T, T]:
    """Return a result that has the same form everywhere."""
    return Result(read=read, typed=lambda value: value)


def _data(response: httpx2.Response) -> Data:
    data: Data = response.json()["data"] if response.content else {}
    return data


class Blocking:
    """Marks clients with methods returning dictionaries."""


class Awaiting:
    """Marks clients with methods returning awaitables of dictionaries."""


class BlockingTyped:
    """Marks clients with methods returning typed results."""


class AwaitingTyped:
    """Marks clients with methods returning awaitables of typed results."""


class Method(Generic[P, T, R]):
    """Method of several requests."""

    def __init__(
        self, function: Callable[Concatenate[Any, P], Flow[T]], result: Result[T, R]
    ) -> None:
        self.result = result
        self._function = function
        self._documentation: Callable[..., Any] = function

    def flow(self, client: Any, /, *args: P.args, **kwargs: P.kwargs) -> Flow[T]:
        """Return the steps of a call."""
        return self._function(client, *args, **kwargs)

    @overload
    def __get__(self, client: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, client: Blocking, owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Awaiting, owner: Any) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, client: BlockingTyped, owner: Any) -> Callable[P, R]: ...
    @overload
    def __get__(self, client: AwaitingTyped, owner: Any) -> Callable[P, Awaitable[R]]: ...

    def __get__(self, client: Any, owner: Any) -> Any:
        if client is None:
            return self

        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client._perform(self.flow(client._client, *args, **kwargs), self.result.typed)

        return _documented(call, self._documentation, client)


class Operation(Method[P, T, R]):
    """Method of one request, to an operation of the OpenAPI document."""

    def __init__(
        self,
        function: Callable[Concatenate[Any, P], Parts],
        result: Result[T, R],
        *,
        method: str,
        path: str,
    ) -> None:
        self.method = method
        self.path = path
        self._describe = function
        self._signature = inspect.signature(function)
        self._names = [name for _, name, _, _ in string.Formatter().parse(path) if name]
        super().__init__(self._request, result)
        self._documentation = function

    def _request(self, client: Any, /, *args: P.args, **kwargs: P.kwargs) -> Flow[T]:
        given = self._signature.bind(client, *args, **kwargs).arguments
        values = {name: quote(str(given[name]), safe="") for name in self._names}
        path = self.path.format(**values)
        parts = self._describe(client, *args, **kwargs)
        response = yield Request(method=self.method, path=path, parts=parts)
        return self.result.read(response)


class Listing(Generic[P, R]):
    """Method to iterate over a list, read page by page."""

    def __init__(
        self, function: Callable[Concatenate[Any, P], _Endless], kind: Callable[[Data], R]
    ) -> None:
        self._function = function
        self._kind = kind

    @overload
    def __get__(self, client: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, client: Blocking, owner: Any) -> Callable[P, Iterator[Data]]: ...
    @overload
    def __get__(self, client: Awaiting, owner: Any) -> Callable[P, AsyncIterator[Data]]: ...
    @overload
    def __get__(self, client: BlockingTyped, owner: Any) -> Callable[P, Iterator[R]]: ...
    @overload
    def __get__(self, client: AwaitingTyped, owner: Any) -> Callable[P, AsyncIterator[R]]: ...

    def __get__(self, client: Any, owner: Any) -> Any:
        if client is None:
            return self

        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            flow = self._function(client._client, *args, **kwargs)
            return client._iterate(flow, self._kind)

        return _documented(call, self._function, client)


def operation(
    method: str, path: str, result: Result[T, R]
) -> Callable[[Callable[Concatenate[Any, P], Parts]], Operation[P, T, R]]:
    """Make a method of a function that returns the parts of its request.

    Arguments with the names of parameters of the path are put into the path.
    """

    def decorate(function: Callable[Concatenate[Any, P], Parts]) -> Operation[P, T, R]:
        return Operation(function, result, method=method, path=path)

    return decorate


def flow(
    result: Result[T, R],
) -> Callable[[Callable[Concatenate[Any, P], Flow[T]]], Method[P, T, R]]:
    """Make a method of a flow."""

    def decorate(function: Callable[Concatenate[Any, P], Flow[T]]) -> Method[P, T, R]:
        return Method(function, result)

    return decorate


def listing(
    kind: type[R],
) -> Callable[[Callable[Concatenate[Any, P], _Endless]], Listing[P, R]]:
    """Make an iterator of a flow that yields `Items`."""

    def decorate(function: Callable[Concatenate[Any, P], _Endless]) -> Listing[P, R]:
        return Listing(function, lambda data: parsed(kind, data))

    return decorate


def _documented(call: Callable[..., Any], function: Callable[..., Any], client: object) -> Any:
    """Give a bound method the name, the documentation and the parameters of its function."""
    return functools.wraps(function.__get__(client))(call)

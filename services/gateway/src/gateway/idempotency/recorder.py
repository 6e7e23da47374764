"""Recording of the answer to a request, as far as it is kept."""

from starlette.types import Message, Send

from gateway.idempotency.store import Answer

LARGEST_ANSWER = 64 * 1024
#: Answers to requests that may be sent again, because nothing has been done.
_NOT_FINAL = frozenset({401, 403, 408, 409, 423, 425, 429})


class AnswerRecorder:
    """Holds an answer back until it is complete, so that it is stored before the client gets it.

    From the size on at which it is not kept any more, it is passed on as it comes.
    """

    def __init__(self, send: Send, *, keeps: bool) -> None:
        """With `keeps` being false, nothing of the answer but its status is recorded."""
        self._send = send
        self._keeps = keeps
        self._held: list[Message] = []
        self._body = bytearray()
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._complete = False

    async def send(self, message: Message) -> None:
        """Take the next message of the answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = list(message.get("headers", ()))
            # Cookies are credentials.
            self._keeps = self._keeps and not any(
                name.lower() == b"set-cookie" for name, _ in self._headers
            )
        else:
            if len(self._body) <= LARGEST_ANSWER:
                self._body += message.get("body", b"")
            self._complete = not message.get("more_body", False)
        self._held.append(message)
        if len(self._body) > LARGEST_ANSWER and not self._complete:
            await self.release()

    async def release(self) -> None:
        """Send the messages that are held back."""
        held, self._held = self._held, []
        for message in held:
            await self._send(message)

    @property
    def is_final(self) -> bool:
        """Whether the request was carried out or refused for good."""
        return self._complete and self._status < 500 and self._status not in _NOT_FINAL

    def answer(self, content: str) -> Answer:
        """Return the complete answer to store. `content` is that of `Answer`."""
        if not self._keeps or len(self._body) > LARGEST_ANSWER:
            return Answer(status=self._status, content=content)
        return Answer(
            status=self._status,
            headers=[
                (name.decode("latin-1"), text.decode("latin-1")) for name, text in self._headers
            ],
            body=bytes(self._body),
            content=content,
        )

"""Asking a language model: one question, one answer, from any server that speaks OpenAI's chat completions.

Format: https://platform.openai.com/docs/api-reference/chat/create, as llama.cpp, Ollama, vLLM and others have it too.
Only what all of them take is sent: the model and one message. The server is one that the operator named, so it may be
on this machine or a private network; it cannot send us on to another, and what it answers is bounded in time and size.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import httpcore
import httpx
import orjson

from digest.answers import body, clean, reason_for_failure
from digest.connections import Backend, Transport, resolve
from digest.errors import FetchError

if TYPE_CHECKING:
    from types import TracebackType

LONGEST_ANSWER: Final = 2**20
"""Bytes of an answer, packed and unpacked. A sentence takes a thousand; models that think aloud send more."""

_CONNECT = 5.0
_NO_ANSWER = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.StreamError,
)


class Endpoint:
    """A server and a model on it, for the length of a `with` block; not to be shared between threads.

    `url` is the API's base, like `https://api.openai.com/v1`; one without a path gets `/v1`. `key` goes into the
    Authorization header, empty for none.
    """

    def __init__(self, url: str, model: str, key: str = "") -> None:
        base = url.rstrip("/") if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/v1"
        self.model = model
        self._url = httpx.URL(f"{base}/chat/completions")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        backend = Backend(resolve, time.monotonic, httpcore.SyncBackend(), public_only=False)
        self._transport = Transport(backend, httpx.create_ssl_context())

    def ask(self, question: str, *, seconds: float) -> str:
        """What the model answers, as it came: any text of whatever length `LONGEST_ANSWER` allows.

        Raises:
            FetchError: no answer within the seconds, or none that is a chat completion.
        """
        host = self._url.host
        self._transport.backend.deadline = time.monotonic() + seconds
        try:
            response = self._transport.handle_request(self._request(question, seconds))
            try:
                if failure := reason_for_failure(response):
                    raise FetchError(host, failure[0], is_transient=failure[1])
                return _content(host, body(response, LONGEST_ANSWER, expected="an API's answer"))
            finally:
                response.close()
        except httpcore.TimeoutException as error:
            raise FetchError(host, "timed out", is_transient=True) from error
        except _NO_ANSWER as error:
            why = clean(str(error)) or type(error).__name__
            raise FetchError(host, f"no answer: {why}", is_transient=True) from error

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _request(self, question: str, seconds: float) -> httpx.Request:
        asked = {"model": self.model, "messages": [{"role": "user", "content": question}], "stream": False}
        timeout = {"connect": min(_CONNECT, seconds), "read": seconds, "write": seconds, "pool": seconds}
        return httpx.Request(
            "POST",
            self._url,
            content=orjson.dumps(asked),
            headers={"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "gzip"}
            | self._headers,
            extensions={"timeout": timeout},
        )


def _content(host: str, answer: bytes) -> str:
    """The text of a completion's first choice."""
    try:
        found: Any = orjson.loads(answer)
        content = found["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        raise FetchError(host, "the answer is no chat completion", is_transient=False) from error
    if not isinstance(content, str):
        raise FetchError(host, "the answer is no chat completion", is_transient=False)
    return content

"""The connection to an OPA server, through `opa-python-client`. This is the only module that imports it.

What was tried of version 3.0 with OPA 1.22: the client asks some paths with a slash at the end, which OPA answers with
a redirect that changes what is written; it drops an input that is false or empty; where an answer is no JSON object it
fails in its own code. So redirects are not followed, answers are read and judged here before the client sees them, and
the list of policies is asked with its session.
"""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, NoReturn
from urllib.parse import quote, urlsplit

from gitops_guard.model.errors import SourceError, UsageError

TOKEN_VARIABLE: Final = "GITOPS_GUARD_OPA_TOKEN"  # noqa: S105 - the name of a variable, no token
_PIECE: Final = 1 << 16
_LARGEST: Final = 256 << 20  # bytes of one answer; OPA itself takes no request that is larger


class Fault(NamedTuple):
    """What OPA says is wrong. *file* is the id of a policy, "" for the query."""

    code: str
    message: str
    file: str = ""
    row: int = 0
    column: int = 0


class RefusedError(Exception):
    """OPA does not take a policy, a query, or cannot evaluate it: the server is well."""

    def __init__(self, message: str, faults: Sequence[Fault]) -> None:
        super().__init__(message)
        self.message = message
        self.faults = faults


class TooSlowError(SourceError):
    """The server did not answer in time."""


class HeldPolicy(NamedTuple):
    """A policy that the server holds. *rules* are names, without functions; *package* has no `data` in front."""

    id: str
    package: tuple[str, ...]
    rules: tuple[str, ...]


class Connection:
    """One session. All methods raise SourceError where the server does not answer as an OPA server."""

    def __init__(self, url: str, timeout_s: float, token: str = "") -> None:
        self._client_module = _imported()
        address = _Address.read(url)
        self.url = address.url
        self._timeout_s = timeout_s
        self._token = token
        self._client = self._client_module.OpaClient(
            host=address.host, port=address.port, ssl=address.secure, token=token or None, retries=0, timeout=timeout_s
        )
        self._session = self._client._session  # the client has no door to redirects, proxies and answers
        self._session.max_redirects = 0
        self._session.auth = _unchanged  # else requests takes a password from ~/.netrc in place of the token
        self._session.hooks["response"].append(self._judge)
        if address.is_loopback:
            # A proxy of the environment cannot reach this machine's own loopback, and must not learn what is asked.
            self._session.trust_env = False
            if address.secure:
                self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True

    def close(self) -> None:
        self._client.close_connection()

    def policies(self) -> list[HeldPolicy]:
        # The client's own list leaves out which rules are functions, and where a package ends.
        answer = self._called(lambda: self._session.get(f"{self._client.root_url}/policies", timeout=self._timeout_s))
        try:
            return [_held(policy) for policy in answer.json()["result"]]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._no_opa("GET /v1/policies") from error

    def put_policy(self, name: str, text: str) -> None:
        """Raises RefusedError where it does not parse or compile."""
        self._called(lambda: self._client.update_policy_from_string(text, name, rego_compat=False))

    def delete_policy(self, name: str) -> None:
        """Does nothing where it is not there."""
        self._deleted(lambda: self._client.delete_policy(name))

    def put_data(self, key: str, value: Any) -> None:
        """*value* of any kind below `data`; the client's `update_or_create_data` takes mappings only.

        To OPA the address of a patch is a JSON pointer as well, so that `~` has to be written `~0`.
        """
        patch = [{"op": "add", "path": "", "value": value}]
        self._called(lambda: self._client.patch_data(quote(key, safe="").replace("~", "~0"), patch))

    def delete_data(self, key: str) -> None:
        """Does nothing where it is not there."""
        self._deleted(lambda: self._client.delete_data(quote(key, safe="")))

    def query(self, text: str, given: Mapping[str, Any]) -> Any:
        """The value of `r` in the first result. Raises RefusedError where OPA cannot compile or evaluate it."""
        answer = self._called(lambda: self._client.ad_hoc_query(text, given))
        try:
            return answer["result"][0]["r"]
        except (IndexError, KeyError, TypeError) as error:
            raise self._no_opa("POST /v1/query") from error

    def _deleted(self, request: Callable[[], Any]) -> None:
        from opa_client.errors import DeleteDataError, DeletePolicyError

        try:
            self._called(request)
        except (DeleteDataError, DeletePolicyError) as error:
            if error.expression != "resource_not_found":
                raise self._said(f"refuses to delete what was uploaded: {error.message}") from error

    def _called(self, request: Callable[[], Any]) -> Any:
        import requests
        from opa_client.errors import PatchDataError, RegoParseError

        try:
            return request()
        except RegoParseError as error:
            raise RefusedError(str(error.message), _faults(error.errors)) from error
        except PatchDataError as error:
            raise RefusedError(str(error.message), ()) from error
        except requests.HTTPError as error:
            body = error.response.json() if error.response is not None else {}  # judged: it is as OPA writes it
            faults = _faults(body.get("errors")) or [Fault(body["code"], body["message"])]
            raise RefusedError(body["message"], faults) from error
        except requests.RequestException as error:
            self._translate(error)
        except (ValueError, RecursionError) as error:
            # Python reads no number of more than 4300 digits, and nothing that is nested by the thousand.
            raise RefusedError("unreadable", [Fault("unreadable", "")]) from error

    def _translate(self, error: Exception) -> NoReturn:
        """What happened between us and the server, without the request."""
        import requests
        from urllib3.exceptions import NewConnectionError

        text = str(error)
        if isinstance(error, requests.Timeout) or "Read timed out" in text:
            raise self._too_slow() from error
        if isinstance(error, requests.exceptions.SSLError):
            raise self._said(
                "is not trusted: its certificate is not valid here, or it speaks no TLS", _CERTIFICATE
            ) from error
        if isinstance(error, requests.exceptions.ProxyError):
            raise self._said("is behind a proxy that does not answer", "see HTTPS_PROXY and NO_PROXY") from error
        if isinstance(error, requests.TooManyRedirects):
            raise self._said("answers with a redirect, which is not followed", _URL) from error
        if isinstance(error, requests.exceptions.JSONDecodeError):
            raise self._said("answered with something that is no JSON", _URL) from error
        cause = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(cause, NewConnectionError):
            raise self._said("does not answer", f"is it running? `opa run --server` listens there; {_URL}") from error
        raise self._said("closed the connection without an answer", "its log says why") from error

    def _judge(self, response: Any, **_: Any) -> None:
        """Reads the answer within the time, and refuses what no OPA server says: before the client sees it."""
        asked = f"{response.request.method} {urlsplit(response.request.url).path}"
        try:
            response._content = self._body(response.raw)  # so that `requests` does not read it without a limit
            response._content_consumed = True
        except BaseException:
            response.close()
            raise
        if response.is_redirect:
            raise self._said(f"answers {asked} with a redirect, which is not followed", _URL)
        if response.status_code in (401, 403):
            hint = f"its system.authz has to allow it; see {_PAGE}" if self._token else f"set {TOKEN_VARIABLE}"
            wants = "does not accept the token" if self._token else "wants a token"
            raise self._said(f"{wants} for {asked}", hint)
        if response.status_code >= 400:
            self._judge_error(response, asked)
        elif response.status_code != 204 and "json" not in response.headers.get("Content-Type", ""):
            raise self._no_opa(asked)

    def _body(self, raw: Any) -> bytes:
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        until = time.monotonic() + self._timeout_s
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := raw.read1(_PIECE, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if time.monotonic() > until:
                    raise self._too_slow()
                if size > _LARGEST:
                    raise self._said(f"answers with more than {_LARGEST >> 20} MB", _URL)
        except ReadTimeoutError as error:
            raise self._too_slow() from error
        except HTTPError as error:
            raise self._said("closed the connection within an answer", "its log says why") from error
        return b"".join(pieces)

    def _judge_error(self, response: Any, asked: str) -> None:
        try:
            body = response.json()
            faults = _faults(body.get("errors"))
            code, message = str(body["code"]), str(body["message"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            said = f"answered {asked} with {response.status_code}, and not as OPA does"
            raise self._said(said, "its log, or that of a proxy before it, says why") from error
        # A question may be at fault: `to_number("1_000")` is a number for OPA, which it then cannot write as JSON.
        own = asked.endswith("/query") or any(fault.code.startswith("eval_") for fault in faults)
        if response.status_code >= 500 and not own:
            raise self._said(f"answered {asked} with {response.status_code} {code}: {message}", "its log says why")

    def _said(self, what: str, hint: str = "") -> SourceError:
        return SourceError(f"the OPA server {self.url} {what}", hint=hint)

    def _no_opa(self, asked: str) -> SourceError:
        return self._said(f"does not answer {asked} as OPA does", _URL)

    def _too_slow(self) -> TooSlowError:
        said = f"the OPA server {self.url} did not answer within {self._timeout_s:g} seconds"
        return TooSlowError(said, hint="its log says what it is doing")


_MORE: Final = "error limit reached"  # what OPA adds to ten faults of a module
_PAGE: Final = "docs/policy-engines.md"
_URL: Final = "--opa-url names the address of OPA itself"
_CERTIFICATE: Final = "REQUESTS_CA_BUNDLE names a file with the certificate of its authority"


def _imported() -> Any:
    try:
        import opa_client
    except ImportError as error:
        raise UsageError("--policy-engine opa needs the extra `opa`", hint="pip install 'gitops-guard[opa]'") from error
    return opa_client


def _unchanged(request: Any) -> Any:
    return request


class _Address(NamedTuple):
    url: str
    host: str
    port: int
    secure: bool

    @classmethod
    def read(cls, url: str) -> _Address:
        """Raises UsageError, which never holds the URL: there may be a password in it."""
        if not url:
            raise UsageError("--policy-engine opa needs --opa-url", hint="for example http://127.0.0.1:8181")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UsageError("--opa-url is no URL", hint="for example http://127.0.0.1:8181") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("--opa-url is no URL of a server", hint="for example http://127.0.0.1:8181")
        if parts.username is not None or parts.password is not None:
            raise UsageError("--opa-url must not hold a password", hint=f"a token for OPA goes into {TOKEN_VARIABLE}")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise UsageError("--opa-url must be scheme, host and port", hint="for example http://127.0.0.1:8181")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        secure = parts.scheme == "https"
        shown = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
        return cls(shown, host, port or (443 if secure else 80), secure)

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"


def _held(policy: Mapping[str, Any]) -> HeldPolicy:
    tree = policy["ast"]
    path = tuple(str(part["value"]) for part in tree["package"]["path"])
    heads = [rule["head"] for rule in tree.get("rules", ())]
    names = {head["ref"][0]["value"] if head.get("ref") else head["name"] for head in heads if "args" not in head}
    return HeldPolicy(policy["id"], path[1:], tuple(sorted(names)))


def _faults(errors: Any) -> list[Fault]:
    found = []
    for error in errors or ():
        if error.get("message") == _MORE:
            continue
        place = error.get("location") or {}
        found.append(
            Fault(
                str(error.get("code", "")),
                str(error.get("message", "")),
                str(place.get("file", "")),
                int(place.get("row", 0)),
                int(place.get("col", 0)),
            )
        )
    return found

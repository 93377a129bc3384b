"""Style, script and icon, read once at start: no file system in the request path, and nothing else can be asked for."""

import hashlib
import mimetypes
from importlib.resources import files

from aiohttp import ETag, web


class StaticFiles:
    """The files of `static/`, each under a URL that changes with its content."""

    def __init__(self) -> None:
        self._files = {file.name: file.read_bytes() for file in files("streams.web").joinpath("static").iterdir()}
        self._digests = {name: hashlib.sha256(content).hexdigest()[:16] for name, content in self._files.items()}

    @property
    def digest(self) -> str:
        """Changes when any of the files does."""
        return hashlib.sha256("".join(sorted(self._digests.values())).encode()).hexdigest()[:16]

    def url(self, name: str) -> str:
        """Relative URL of a file, good for ever."""
        return f"static/{name}?v={self._digests[name]}"

    async def serve(self, request: web.Request) -> web.Response:
        """A file, or 304 where the client has it."""
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound(text=f"no static file {name!r}")
        digest = self._digests[name]
        for_ever = request.query.get("v") == digest
        headers = {"Cache-Control": "public, max-age=31536000, immutable" if for_ever else "no-cache"}
        known = request.if_none_match or ()
        if ETag(digest) in known or ETag("*") in known:
            response = web.Response(status=304, headers=headers)
        else:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            response = web.Response(body=self._files[name], content_type=kind, headers=headers)
            if kind.startswith("text/") or kind.endswith("xml"):
                response.charset = "utf-8"
        response.etag = digest
        return response

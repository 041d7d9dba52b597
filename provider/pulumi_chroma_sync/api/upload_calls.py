"""The one operation that uploads: a file, streamed."""

from __future__ import annotations

from collections.abc import Mapping

from .caller import Caller
from .invocation_replies import invocation_id_from
from .transport import Content, Form

__all__ = ["UploadCalls"]


_CONTENT_TYPE = "application/octet-stream"
"""Of the file's part: what says nothing, so that the field ``content_type``, or the file's name, decides."""


class UploadCalls(Caller):
    """Upload a file."""

    def add_file(
        self,
        fields: Mapping[str, str],
        name: str,
        content: Content,
        size: int,
        *,
        deadline: float | None = None,
    ) -> str:
        """``POST /api/v1/add-file``, sent once; the id of the run that takes the file in.

        Args:
            fields: ``database_name`` and ``collection_name`` first, as the API wants them before the file.
            name: the file's name.
            content: its bytes, read once and a piece at a time, so they are never in memory together. What
                it raises ends the request before it is whole, so that nothing is uploaded.
            size: how many there are; 1 to 209,715,200 (API contract).
            deadline: seconds for all of it; the settings' by default.

        Raises:
            UnreachableError: nothing was uploaded, since the request was not sent, or not as a whole.
            NoAnswerError: it may have been.
            RateLimitError: too many uploads at once; nothing was uploaded.
            ApiError: the service, or a gateway before it, answered with an error.
        """
        headers = {"x-upload-content-length": str(size)}
        form = Form(fields, name, content, size, _CONTENT_TYPE, headers)
        return self.policy.once(
            lambda allowed: self._ask(
                "POST", "/api/v1/add-file", allowed, invocation_id_from, form=form, makes=True
            ),
            deadline=deadline,
        )

"""The viewer beside the editor: a layout is watched, solved when it is saved, and shown in the browser.

Three things work side by side.  The watch (`watch`) looks at the files of the layout; solving (`steps`) goes on in a process
of its own (`worker`), which is ended when a newer save makes its work useless; the server (`server`), on loopback and behind
a token (`gate`), hands out the page, the newest scene and the news (`news`).  `session` joins them.

What the page is told (``events``, server-sent): ``progress`` {stage, done, total}, ``scene`` {version},
``mistakes`` {mistakes: [{file, line, column, message, text}], more} and ``failed`` {message}.
"""

from twin.live.session import Session
from twin.live.steps import Asked

__all__ = ["Asked", "Session"]

"""A report as PDF: by WeasyPrint where the extra ``pdf`` is installed, else by a Chromium that is found on the machine.

Both read the report alone.  WeasyPrint may fetch nothing but what the page holds; Chromium gets an empty profile of its own
and an address book that knows no host.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
"""Programs that print a page, by name or place, the first found is taken."""
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
PATIENCE = 180.0
"""Time after which a browser is given up. [s]"""
REMEDY = 'pip install "aifactory-twin[pdf]" (WeasyPrint, needs Pango), or install Chromium or Chrome'


class NoPdf(Exception):
    """No PDF can be made here; the message says why and what helps."""


def write_pdf(page: Path, path: Path) -> str:
    """Print a report; the name of the program that did.

    Raises
    ------
    NoPdf
        If there is no program that could, or the one there failed.
    """
    part = path.with_name(path.name + ".part")
    reasons = []
    try:
        for maker in (_weasyprint, _chromium):
            try:
                name = maker(page, part)
            except NoPdf as error:
                reasons.append(str(error))
                continue
            os.replace(part, path)
            return name
    finally:
        part.unlink(missing_ok=True)
    raise NoPdf(f"no PDF here: {'; '.join(reasons)}. Install: {REMEDY}")


def _weasyprint(page: Path, path: Path) -> str:
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except ImportError:
        raise NoPdf("WeasyPrint is not installed") from None
    except OSError as error:  # its libraries of the system
        raise NoPdf(f"WeasyPrint lacks a library ({str(error).splitlines()[0]})") from None
    HTML(
        string=page.read_text(encoding="utf-8"), url_fetcher=URLFetcher(allowed_protocols=("data",))
    ).write_pdf(path)
    return "WeasyPrint"


def browser() -> str | None:
    """Program that prints pages; None without."""
    found = (shutil.which(name) for name in BROWSERS)
    return next((path for path in found if path), None)


def _chromium(page: Path, path: Path) -> str:
    program = browser()
    if program is None:
        raise NoPdf("no Chromium or Chrome was found")
    with tempfile.TemporaryDirectory(prefix="twin-pdf-", ignore_cleanup_errors=True) as profile:
        command = [
            program,
            *FLAGS,
            *_as_root(),
            f"--user-data-dir={profile}",
            f"--print-to-pdf={path.absolute()}",
        ]
        try:
            done = subprocess.run(
                [*command, page.absolute().as_uri()], capture_output=True, text=True, timeout=PATIENCE, check=False
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise NoPdf(f"{Path(program).name} did not end within {PATIENCE:.0f} s") from None
        except OSError as error:
            raise NoPdf(f"{program} does not start ({error.strerror})") from None
    if not path.is_file() or path.stat().st_size == 0:
        said = next(iter(done.stderr.strip().splitlines()[-1:]), f"exit code {done.returncode}")
        raise NoPdf(f"{Path(program).name} made nothing ({said[:200]})")
    return Path(program).stem


def _as_root() -> tuple[str, ...]:
    """A browser refuses its sandbox to root, which only containers run it as."""
    return ("--no-sandbox",) if sys.platform.startswith("linux") and os.geteuid() == 0 else ()

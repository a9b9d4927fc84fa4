"""How the files of a layout are named in what is sent to others: as they were named, without the author's folders."""

from __future__ import annotations

import os.path
from pathlib import PurePosixPath, PureWindowsPath

from twin.model.facility import Facility
from twin.results.results import Finding, Verdict


def shown(file: str, layout: str) -> str:
    """The name of a file: as it was written; relative to the folder of the layout if that is a full path."""
    if not _is_full(file):
        return file
    folder = os.path.join(os.path.dirname(layout), "")
    if _is_full(layout) and file.startswith(folder):
        return file.removeprefix(folder)
    return PureWindowsPath(file).name  # parts stand between strokes of either kind


def without_folders(facility: Facility, verdict: Verdict) -> Verdict:
    """The verdict with the files of its findings named as they are shown."""
    if not any(_is_full(finding.file) for finding in (*verdict.findings, *verdict.margins)):
        return verdict

    def named(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(one.replace(file=shown(one.file, facility.file)) for one in findings)

    return verdict.replace(findings=named(verdict.findings), margins=named(verdict.margins))


def _is_full(file: str) -> bool:
    return PurePosixPath(file).is_absolute() or bool(PureWindowsPath(file).anchor)

"""What every model class shares: closed, frozen, documented by the strings under its fields."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A closed, immutable value; change it with :meth:`replace`, which validates again."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    def replace(self, **changes: Any) -> Self:
        """Return a validated copy with some fields changed.

        Raises
        ------
        pydantic.ValidationError
            If a changed field breaks a constraint.  (``model_copy(update=...)`` would not notice.)
        """
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **changes})


class Mark(Frozen):
    """Where in the text a thing was written."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

"""Scenarios side by side: the vector steps that the compiled power-flow kernels are made of.

A table ``(rows, width, LANES)`` of float64 holds for every bus a few slots (real and imaginary voltage and
current, say), each for LANES scenarios.  A *step* reads and writes whole slots of some rows.  Given tables
``(rows, width)`` the same step works on one scenario, and a kernel made of steps on either.  numba does not
vectorise loops over eight lanes by itself (it cannot rule out that the tables overlap), so steps are emitted
as LLVM vector instructions: :func:`step` makes a function callable from compiled code of a Python function
that writes them down with :class:`Slots` and :class:`Vectors`.

numba's cache of a kernel does not notice changes of the steps it calls: after editing a step, delete the
``__pycache__`` beside the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

LANES = 8
"""Scenarios in one vector: two AVX2 or one AVX-512 register per slot hide the latency of an addition."""

INNER: dict[str, Any] = dict(
    cache=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
)  # fmt: skip
"""Options of compiled functions that are called from compiled code alone: nothing is compiled for other callers."""

_DOUBLE, _INDEX, _SHORT = ir.DoubleType(), ir.IntType(64), ir.IntType(32)
_FAST = ("nsz",)
"""Only the sign of zero is free.  Products are fused with sums where :meth:`Vectors.fused` says so and nowhere
else, so a scenario's bits depend neither on its lane nor on whether it is solved alone."""
_ALIGNMENT = 8
"""numpy promises no more. [bytes]"""


def aligned(shape: tuple[int, ...]) -> NDArray[Any]:
    """An empty table that begins on a cache line, so that no slot of LANES numbers lies on two."""
    size = int(np.prod(shape))
    room = np.empty(size + LANES)
    first = -room.ctypes.data % (8 * LANES) // 8
    return room[first : first + size].reshape(shape)


def _kind(lanes: int) -> Any:
    return ir.VectorType(_DOUBLE, lanes) if lanes > 1 else _DOUBLE


class Vectors:
    """Arithmetic on vectors of LANES numbers, or on single ones."""

    def __init__(self, builder: Any, lanes: int = LANES) -> None:
        self._builder, self._lanes, self._kind = builder, lanes, _kind(lanes)

    def add(self, x: Any, y: Any) -> Any:
        return self._builder.fadd(x, y, flags=_FAST)

    def sub(self, x: Any, y: Any) -> Any:
        return self._builder.fsub(x, y, flags=_FAST)

    def mul(self, x: Any, y: Any) -> Any:
        return self._builder.fmul(x, y, flags=_FAST)

    def div(self, x: Any, y: Any) -> Any:
        return self._builder.fdiv(x, y, flags=_FAST)

    def fused(self, x: Any, y: Any, z: Any) -> Any:
        """x y + z, rounded once."""
        return self._intrinsic("fma", x, y, z)

    def neg(self, x: Any) -> Any:
        return self._builder.fneg(x)

    def absolute(self, x: Any) -> Any:
        """Magnitude of each lane."""
        return self._intrinsic("fabs", x)

    def root(self, x: Any) -> Any:
        """Square root of each lane."""
        return self._intrinsic("sqrt", x)

    def _intrinsic(self, name: str, *given: Any) -> Any:
        suffix = f"v{self._lanes}f64" if self._lanes > 1 else "f64"
        kind = ir.FunctionType(self._kind, [self._kind] * len(given))
        function = cgutils.get_or_insert_function(self._builder.module, kind, f"llvm.{name}.{suffix}")
        return self._builder.call(function, given)

    def peak(self, x: Any, y: Any) -> Any:
        """Larger of two numbers >= 0; a not-a-number of positive sign counts as the largest.

        By the order of their bits: where ``y`` comes from the slot that the result goes to, :meth:`larger` turns
        into a masked store, which the next load has to wait for.
        """
        whole = ir.VectorType(_INDEX, self._lanes) if self._lanes > 1 else _INDEX
        suffix = f"v{self._lanes}i64" if self._lanes > 1 else "i64"
        kind = ir.FunctionType(whole, [whole, whole])
        function = cgutils.get_or_insert_function(self._builder.module, kind, f"llvm.smax.{suffix}")
        bits = [self._builder.bitcast(value, whole) for value in (x, y)]
        return self._builder.bitcast(self._builder.call(function, bits), self._kind)

    def larger(self, x: Any, y: Any) -> Any:
        """Larger of each lane; ``y`` where ``x`` is not a number."""
        return self._builder.select(self._builder.fcmp_ordered(">", x, y), x, y)

    def where_larger(self, x: Any, y: Any, yes: Any, no: Any) -> Any:
        """``yes`` in the lanes where x > y, ``no`` in the others and where one is not a number."""
        return self._builder.select(self._builder.fcmp_ordered(">", x, y), yes, no)

    def spread(self, scalar: Any) -> Any:
        """The same number in all lanes."""
        if self._lanes == 1:
            return scalar
        nothing = ir.Constant(self._kind, ir.Undefined)
        first = self._builder.insert_element(nothing, scalar, ir.Constant(_SHORT, 0))
        return self._builder.shuffle_vector(
            first, nothing, ir.Constant(ir.VectorType(_SHORT, self._lanes), [0] * self._lanes)
        )

    def constant(self, value: float) -> Any:
        """A number known when the step is written, in all lanes."""
        return ir.Constant(self._kind, [value] * self._lanes if self._lanes > 1 else value)

    def cmul(self, ar: Any, ai: Any, br: Any, bi: Any) -> tuple[Any, Any]:
        """(a_r + j a_i) (b_r + j b_i)."""
        return self.fused(ar, br, self.neg(self.mul(ai, bi))), self.fused(ar, bi, self.mul(ai, br))


class Slots:
    """One table ``(rows, width, LANES)`` or ``(rows, width)`` as a step sees it."""

    def __init__(self, builder: Any, data: Any, width: int, lanes: int = LANES) -> None:
        self._builder, self._data, self._width, self._lanes = builder, data, width, lanes

    def _at(self, row: Any, slot: int) -> Any:
        b = self._builder
        row = ir.Constant(_INDEX, row) if isinstance(row, int) else row
        offset = b.add(b.mul(row, ir.Constant(_INDEX, self._width)), ir.Constant(_INDEX, slot))
        place = b.gep(self._data, [b.mul(offset, ir.Constant(_INDEX, self._lanes))])
        return b.bitcast(place, _kind(self._lanes).as_pointer())

    def load(self, row: Any, slot: int) -> Any:
        """The LANES numbers of a slot."""
        value = self._builder.load(self._at(row, slot))
        value.align = _ALIGNMENT
        return value

    def store(self, value: Any, row: Any, slot: int) -> None:
        """Write the LANES numbers of a slot."""
        self._builder.store(value, self._at(row, slot)).align = _ALIGNMENT


def step(widths: tuple[int, ...], indices: int = 0, scalars: int = 0) -> Callable[[Callable[..., None]], Any]:
    """Make a vector step of ``function(vectors, *tables, *indices, *scalars)``.

    Parameters
    ----------
    widths : slots per row of each table the step takes.
    indices, scalars : number of int64 and of float64 arguments behind the tables.

    Returns
    -------
    A decorator; the result is called from compiled code as ``name(*tables, *indices, *scalars)`` with
    C-contiguous float64 tables, all ``(rows, width, LANES)`` or all ``(rows, width)``, and returns nothing.
    """
    tables = len(widths)
    count = tables + indices + scalars

    def decorate(function: Callable[..., None]) -> Any:
        def typed(typing_context: Any, *given: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
                lanes = LANES if signature.args[0].ndim == 3 else 1
                views = [
                    Slots(builder, context.make_array(kind)(context, builder, value).data, width, lanes)
                    for kind, value, width in zip(signature.args, values, widths, strict=False)
                ]
                function(Vectors(builder, lanes), *views, *values[tables:])
                return context.get_dummy_value()

            numbers = [types.int64] * indices + [types.float64] * scalars
            return types.void(*given[:tables], *numbers), generate

        names = ["typing_context", *(f"argument{index}" for index in range(count))]
        parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        typed.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        typed.__name__ = function.__name__
        return intrinsic(typed)

    return decorate


def _lane_rows(context: Any, builder: Any, kinds: Any, values: Any, lanes: int) -> list[Any]:
    """Addresses of ``table[rows[lane], column]`` of a complex table, as those of two numbers each."""
    table = context.make_array(kinds[0])(context, builder, values[0])
    rows = context.make_array(kinds[1])(context, builder, values[1])
    width = builder.extract_value(table.shape, 1)
    pair = ir.VectorType(_DOUBLE, 2).as_pointer()
    base = builder.bitcast(table.data, pair)
    places = []
    for lane in range(lanes):
        row = builder.load(builder.gep(rows.data, [ir.Constant(_INDEX, lane)]))
        places.append(builder.gep(base, [builder.add(builder.mul(row, width), values[2])]))
    return places


def _shuffled(builder: Any, first: Any, second: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(
        first, second, ir.Constant(ir.VectorType(_SHORT, len(order)), [ir.Constant(_SHORT, k) for k in order])
    )


@intrinsic
def take_complex(typing_context: Any, given: Any, rows: Any, column: Any, table: Any, here: Any) -> Any:
    """Slots 0 and 1 of row ``here`` of ``table`` (two slots wide) = real and imaginary parts of
    ``given[rows[lane], column]``; complex128 and int64, C-contiguous, not checked."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        lanes = LANES if signature.args[3].ndim == 3 else 1
        parts = []
        for place in _lane_rows(context, builder, signature.args, values, lanes):
            parts.append(builder.load(place))
            parts[-1].align = _ALIGNMENT
        data = context.make_array(signature.args[3])(context, builder, values[3]).data
        slots = Slots(builder, data, 2, lanes)
        if lanes == 1:
            for slot in range(2):
                slots.store(builder.extract_element(parts[0], ir.Constant(_SHORT, slot)), values[4], slot)
            return context.get_dummy_value()
        while len(parts) > 1:  # join neighbours until all pairs stand in one vector
            size = 2 * parts[0].type.count
            parts = [
                _shuffled(builder, *pair, list(range(size)))
                for pair in zip(parts[::2], parts[1::2], strict=True)
            ]
        for slot in range(2):
            slots.store(
                _shuffled(builder, parts[0], parts[0], list(range(slot, 2 * lanes, 2))), values[4], slot
            )
        return context.get_dummy_value()

    return types.void(given, rows, types.int64, table, types.int64), generate


@intrinsic
def put_complex(typing_context: Any, wanted: Any, rows: Any, column: Any, table: Any, here: Any) -> Any:
    """The reverse of :func:`take_complex`: ``wanted[rows[lane], column]`` from slots 0 and 1."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        lanes = LANES if signature.args[3].ndim == 3 else 1
        data = context.make_array(signature.args[3])(context, builder, values[3]).data
        slots = Slots(builder, data, 2, lanes)
        real, imaginary = slots.load(values[4], 0), slots.load(values[4], 1)
        for lane, place in enumerate(_lane_rows(context, builder, signature.args, values, lanes)):
            if lanes == 1:
                pair = ir.Constant(ir.VectorType(_DOUBLE, 2), ir.Undefined)
                for slot, value in enumerate((real, imaginary)):
                    pair = builder.insert_element(pair, value, ir.Constant(_SHORT, slot))
            else:
                pair = _shuffled(builder, real, imaginary, [lane, lanes + lane])
            builder.store(pair, place).align = _ALIGNMENT
        return context.get_dummy_value()

    return types.void(wanted, rows, types.int64, table, types.int64), generate


def _expecting(write: int) -> Any:
    """Fetch ``table[rows[lane], column]`` of a complex table into the cache, since it is going to be read or written.

    Not checked: ``column`` may lie behind the table.
    """

    def expect(typing_context: Any, table: Any, rows: Any, column: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            byte = ir.IntType(8).as_pointer()
            kind = ir.FunctionType(ir.VoidType(), [byte, _SHORT, _SHORT, _SHORT])
            prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
            how = [ir.Constant(_SHORT, value) for value in (write, 3, 1)]  # keep it near; it is data
            for place in _lane_rows(context, builder, signature.args, values, LANES):
                builder.call(prefetch, [builder.bitcast(place, byte), *how])
            return context.get_dummy_value()

        return types.void(table, rows, types.int64), generate

    return intrinsic(expect)


expect_reads, expect_writes = _expecting(0), _expecting(1)

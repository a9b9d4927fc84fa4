"""Arithmetic of several numbers side by side, for the compiled network solver.

A table ``(rows, width, LANES)`` of float64 holds LANES numbers in every slot: those of as many scenarios, or of as
many links.  A *step* is a Python function on :class:`Number` that :func:`step` turns into LLVM vector instructions
which compiled code calls; on tables ``(rows, width)`` alone it works on single numbers.  numba does not vectorise
loops of eight turns by itself (it cannot rule out that tables overlap), and has no vectorised logarithm.

numba's cache of a kernel does not notice changes of the steps it calls: after editing a step, delete the
``__pycache__`` beside the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
"""Numbers in one vector: one AVX-512 or two AVX2 registers."""

INNER: dict[str, Any] = dict(
    cache=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
)  # fmt: skip
"""Options of compiled functions that are called from compiled code alone: nothing is compiled for other callers."""

_DOUBLE, _WORD, _SHORT, _BIT = ir.DoubleType(), ir.IntType(64), ir.IntType(32), ir.IntType(1)
_FAST = ("nsz", "contract")
"""The sign of zero is free, and products may be fused with sums; nothing is reordered."""
_ALIGNMENT = 8
"""numpy promises no more. [bytes]"""


def _wide(kind: Any, lanes: int) -> Any:
    return ir.VectorType(kind, lanes) if lanes > 1 else kind


def _constant(kind: Any, value: Any, lanes: int) -> Any:
    return ir.Constant(_wide(kind, lanes), [value] * lanes if lanes > 1 else value)


class Number:
    """LANES numbers, or one."""

    def __init__(self, builder: Any, value: Any, lanes: int) -> None:
        self.builder, self.value, self.lanes = builder, value, lanes

    def like(self, other: Number | float) -> Any:
        """The LLVM value of a number or of a constant."""
        return other.value if isinstance(other, Number) else _constant(_DOUBLE, float(other), self.lanes)

    def make(self, value: Any) -> Number:
        """A number of the same width."""
        return Number(self.builder, value, self.lanes)

    def __add__(self, other: Number | float) -> Number:
        return self.make(self.builder.fadd(self.value, self.like(other), flags=_FAST))

    def __sub__(self, other: Number | float) -> Number:
        return self.make(self.builder.fsub(self.value, self.like(other), flags=_FAST))

    def __rsub__(self, other: float) -> Number:
        return self.make(self.builder.fsub(self.like(other), self.value, flags=_FAST))

    def __mul__(self, other: Number | float) -> Number:
        return self.make(self.builder.fmul(self.value, self.like(other), flags=_FAST))

    def __truediv__(self, other: Number | float) -> Number:
        return self.make(self.builder.fdiv(self.value, self.like(other), flags=_FAST))

    def __rtruediv__(self, other: float) -> Number:
        return self.make(self.builder.fdiv(self.like(other), self.value, flags=_FAST))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Number:
        return self.make(self.builder.fneg(self.value))

    def __abs__(self) -> Number:
        return self._intrinsic("fabs")

    def root(self) -> Number:
        """Square root."""
        return self._intrinsic("sqrt")

    def __gt__(self, other: Number | float) -> Condition:
        return Condition(self, self.builder.fcmp_ordered(">", self.value, self.like(other)))

    def __lt__(self, other: Number | float) -> Condition:
        return Condition(self, self.builder.fcmp_ordered("<", self.value, self.like(other)))

    def none(self) -> Number:
        """Zero, whatever the number."""
        return self.make(self.like(0.0))

    def bits(self) -> Any:
        """The same bits as whole numbers."""
        return self.builder.bitcast(self.value, _wide(_WORD, self.lanes))

    def from_bits(self, bits: Any) -> Number:
        """The number that has these bits."""
        return self.make(self.builder.bitcast(bits, _wide(_DOUBLE, self.lanes)))

    def word(self, value: int) -> Any:
        """A whole number in all lanes."""
        return _constant(_WORD, value, self.lanes)

    def _intrinsic(self, name: str) -> Number:
        kind = ir.FunctionType(self.value.type, [self.value.type])
        suffix = f"v{self.lanes}f64" if self.lanes > 1 else "f64"
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}.{suffix}")
        return self.make(self.builder.call(function, [self.value]))


class Condition:
    """True or false in every lane."""

    def __init__(self, of: Number, value: Any) -> None:
        self.of, self.value = of, value

    def __and__(self, other: Condition) -> Condition:
        return Condition(self.of, self.of.builder.and_(self.value, other.value))

    def choose(self, yes: Number | float, no: Number | float) -> Number:
        """``yes`` where true, ``no`` elsewhere."""
        of = self.of
        return of.make(of.builder.select(self.value, of.like(yes), of.like(no)))

    def anywhere(self) -> Any:
        """1 if true in some lane, else 0, as a whole number for compiled code."""
        builder, value = self.of.builder, self.value
        if self.of.lanes > 1:
            whole = ir.IntType(self.of.lanes)
            value = builder.icmp_unsigned("!=", builder.bitcast(value, whole), ir.Constant(whole, 0))
        return builder.zext(value, _WORD)


def larger(x: Number, y: Number | float) -> Number:
    """The larger one; ``y`` where ``x`` is not a number."""
    return (x > y).choose(x, y)


_ROOT_HALF = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
_MANTISSA = 0x000FFFFFFFFFFFFF
_ROUND = (
    6755399441055744.0  # 1.5 * 2^52: adding it rounds to a whole number, which then stands in the low bits
)
_ROUND_BITS = 0x4338000000000000
_LN2 = 0.6931471805599453


def _split(x: Number) -> tuple[Number, Number]:
    """Mantissa between sqrt(1/2) and sqrt(2), and exponent, of positive normal numbers."""
    b = x.builder
    i = b.sub(x.bits(), x.word(_ROOT_HALF))
    mantissa = x.from_bits(b.add(b.and_(i, x.word(_MANTISSA)), x.word(_ROOT_HALF)))
    exponent = x.from_bits(b.add(b.ashr(i, x.word(52)), x.word(_ROUND_BITS))) - _ROUND
    return mantissa, exponent


def polynomial(x: Number, *coefficients: float) -> Number:
    """Sum of coefficients times rising powers, by Horner's rule."""
    total = x * coefficients[-1] + coefficients[-2]
    for coefficient in reversed(coefficients[:-2]):
        total = total * x + coefficient
    return total


def log(x: Number) -> Number:
    """Natural logarithm of positive normal numbers to 1e-14: ln m = 2 artanh((m - 1) / (m + 1))."""
    m, exponent = _split(x)
    z = (m - 1.0) / (m + 1.0)
    return exponent * _LN2 + 2.0 * z * polynomial(z * z, *(1.0 / k for k in range(1, 17, 2)))


ROUGH_LOG = (-4.37240901e-06, 0.999877013, -0.4992143965, 0.3384122643, -0.2728848938, 0.1686238403)
"""Polynomial of ln m in m - 1 through the Chebyshev points between sqrt(1/2) and sqrt(2)."""


def rough_log(x: Number) -> Number:
    """Natural logarithm to 2e-5 without a division, for first guesses."""
    m, exponent = _split(x)
    return exponent * _LN2 + polynomial(m - 1.0, *ROUGH_LOG)


def exp(x: Number) -> Number:
    """Exponential to 1e-14, of numbers between -700 and 700; beyond as at these ends."""
    x = larger(x, -700.0)
    x = (x > 700.0).choose(700.0, x)
    whole = x * (1.0 / _LN2) + _ROUND
    rest = x - (whole - _ROUND) * _LN2
    factorial, coefficients = 1.0, [1.0]
    for k in range(1, 13):
        factorial *= k
        coefficients.append(1.0 / factorial)
    b = x.builder
    scaled = polynomial(rest, *coefficients)
    return x.from_bits(b.add(scaled.bits(), b.shl(whole.bits(), x.word(52))))


class Table:
    """Slots of a table ``(rows, width, LANES)``, or of one ``(rows, width)`` whose numbers all lanes share."""

    def __init__(self, builder: Any, data: Any, width: int, own: int, lanes: int) -> None:
        self._builder, self._data, self._width, self._own, self._lanes = builder, data, width, own, lanes

    def _at(self, row: Any, slot: int) -> Any:
        b = self._builder
        row = ir.Constant(_WORD, row) if isinstance(row, int) else row
        offset = b.add(b.mul(row, ir.Constant(_WORD, self._width)), ir.Constant(_WORD, slot))
        place = b.gep(self._data, [b.mul(offset, ir.Constant(_WORD, self._own))])
        return b.bitcast(place, _wide(_DOUBLE, self._own).as_pointer())

    def __getitem__(self, at: Any) -> Number:
        row, slot = at if isinstance(at, tuple) else (at, 0)
        value = self._builder.load(self._at(row, slot))
        value.align = _ALIGNMENT
        if self._own < self._lanes:
            value = _spread(self._builder, value, self._lanes)
        return Number(self._builder, value, self._lanes)

    def __setitem__(self, at: Any, number: Number) -> None:
        row, slot = at if isinstance(at, tuple) else (at, 0)
        self._builder.store(number.value, self._at(row, slot)).align = _ALIGNMENT


def _spread(builder: Any, value: Any, lanes: int) -> Any:
    nothing = ir.Constant(ir.VectorType(_DOUBLE, lanes), ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(_SHORT, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_SHORT, lanes), [0] * lanes))


def step(widths: tuple[int, ...], indices: int = 0) -> Callable[[Callable[..., Any]], Any]:
    """Make a step of ``function(*tables, *indices)``.

    Parameters
    ----------
    widths : slots per row of each table.
    indices : number of int64 arguments behind the tables.

    Returns
    -------
    A decorator; the result is called from compiled code with C-contiguous float64 tables, of which those with LANES
    lanes set the width of all, and int64.  It returns what the function returns: a whole number, or 0.
    """
    tables, count = len(widths), len(widths) + indices

    def decorate(function: Callable[..., Any]) -> Any:
        def typed(typing_context: Any, *given: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
                own = [LANES if kind.ndim == 3 else 1 for kind in signature.args[:tables]]
                views = [
                    Table(
                        builder, context.make_array(kind)(context, builder, value).data, width, mine, max(own)
                    )
                    for kind, value, width, mine in zip(signature.args, values, widths, own, strict=False)
                ]
                result = function(*views, *values[tables:])
                return ir.Constant(_WORD, 0) if result is None else result

            return types.int64(*given[:tables], *[types.int64] * indices), generate

        names = ["typing_context", *(f"argument{index}" for index in range(count))]
        parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        typed.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        typed.__name__ = function.__name__
        return intrinsic(typed)

    return decorate

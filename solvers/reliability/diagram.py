"""Decision diagrams: functions of many yes/no events as shared graphs, on which probabilities are exact sums.

One manager holds truth functions (terminals 0 and 1) and functions with numbers at their ends, all reduced and
ordered, so that equal functions have the same index.  Children always have smaller indices than their parents.
Recursion is unrolled into a stack: a facility has more events than Python has frames.

References
----------
.. [1] R. E. Bryant, "Graph-based algorithms for Boolean function manipulation", IEEE Trans. Computers C-35(8),
   1986, pp. 677-691.
.. [2] R. I. Bahar et al., "Algebraic decision diagrams and their applications", Proc. ICCAD, 1993, pp. 188-191.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

FALSE, TRUE = 0, 1
LEAF = 1 << 60
"""Variable of a terminal: below all others."""


class DiagramLimit(RuntimeError):
    """The functions need more nodes than were allowed."""


class Operation:
    """A function of two values, with what it has already worked out.

    ``shortcut`` returns the index of the result where it is known without descending, else -1.
    """

    def __init__(self, shortcut: Callable[[int, int], int], *, symmetric: bool) -> None:
        self.shortcut = shortcut
        self.symmetric = symmetric
        self.known: dict[tuple[int, int], int] = {}


class Diagram:
    """Shared functions of events 0, 1, 2 ... asked in this order from the top.

    Parameters
    ----------
    limit : int
        Number of nodes beyond which :class:`DiagramLimit` is raised.
    quantum : float
        Numbers at the ends that differ by less are one.
    """

    def __init__(self, *, limit: int, quantum: float = 1e-12) -> None:
        self.limit = limit
        self.quantum = quantum
        self.variable = [LEAF, LEAF]
        self.low = [-1, -1]
        self.high = [-1, -1]
        self.value = {FALSE: 0.0, TRUE: 1.0}
        self._nodes: dict[tuple[int, int, int], int] = {}
        self._values = {0: FALSE, round(1.0 / quantum): TRUE}
        self._and = Operation(_and, symmetric=True)
        self._or = Operation(_or, symmetric=True)
        self._minus = Operation(_minus, symmetric=False)
        self._sum = Operation(self._add, symmetric=True)
        self._product = Operation(self._multiply, symmetric=True)
        self._quotient = Operation(self._divide, symmetric=False)
        self._over: dict[float, dict[int, int]] = {}

    def node(self, variable: int, low: int, high: int) -> int:
        """The function that is ``high`` where the event happened and ``low`` where it did not."""
        if low == high:
            return low
        key = (variable, low, high)
        found = self._nodes.get(key)
        if found is None:
            found = len(self.variable)
            if found >= self.limit:
                raise DiagramLimit(f"more than {self.limit} nodes")
            self._nodes[key] = found
            self.variable.append(variable)
            self.low.append(low)
            self.high.append(high)
        return found

    def constant(self, value: float) -> int:
        """The function that is ``value`` everywhere."""
        key = round(value / self.quantum)
        found = self._values.get(key)
        if found is None:
            found = len(self.variable)
            self._values[key] = found
            self.value[found] = value
            self.variable.append(LEAF)
            self.low.append(-1)
            self.high.append(-1)
        return found

    def apply(self, operation: Operation, one: int, other: int) -> int:
        """The function ``operation(one, other)``."""
        known, shortcut = operation.known, operation.shortcut
        symmetric = operation.symmetric
        variable, low, high = self.variable, self.low, self.high
        stack = [(other, one) if symmetric and other < one else (one, other)]
        first = stack[0]
        while stack:
            key = stack[-1]
            if key in known:
                stack.pop()
                continue
            f, g = key
            result = shortcut(f, g)
            if result < 0:
                top = min(variable[f], variable[g])
                f0, f1 = (low[f], high[f]) if variable[f] == top else (f, f)
                g0, g1 = (low[g], high[g]) if variable[g] == top else (g, g)
                key0 = (g0, f0) if symmetric and g0 < f0 else (f0, g0)
                key1 = (g1, f1) if symmetric and g1 < f1 else (f1, g1)
                r0, r1 = known.get(key0), known.get(key1)
                if r0 is None or r1 is None:
                    if r0 is None:
                        stack.append(key0)
                    if r1 is None:
                        stack.append(key1)
                    continue
                result = self.node(top, r0, r1)
            known[key] = result
            stack.pop()
        return known[first]

    def both(self, one: int, other: int) -> int:
        """One and other."""
        return self.apply(self._and, one, other)

    def either(self, one: int, other: int) -> int:
        """One or other."""
        return self.apply(self._or, one, other)

    def without(self, one: int, other: int) -> int:
        """One and not other."""
        return self.apply(self._minus, one, other)

    def all_of(self, functions: Iterable[int]) -> int:
        """All of them; true if there are none."""
        return self._folded(self._and, list(functions), TRUE)

    def at_least(self, functions: list[int], needs: int) -> int:
        """At least ``needs`` of them."""
        if needs == 1:
            return self._folded(self._or, functions, FALSE)
        tally = [TRUE] + [FALSE] * needs
        for function in functions:
            for place in range(needs, 0, -1):
                tally[place] = self.either(tally[place], self.both(tally[place - 1], function))
        return tally[needs]

    def _folded(self, operation: Operation, functions: list[int], empty: int) -> int:
        """Neighbours in pairs, then pairs of pairs: what many have in common is gone through few times."""
        while len(functions) > 1:
            pairs = zip(functions[::2], functions[1::2], strict=False)
            rest = functions[-1:] if len(functions) % 2 else []
            functions = [self.apply(operation, one, other) for one, other in pairs] + rest
        return functions[0] if functions else empty

    def add(self, one: int, other: int) -> int:
        """Sum of two functions with numbers at their ends."""
        return self.apply(self._sum, one, other)

    def multiply(self, one: int, other: int) -> int:
        """Product; a truth function counts as 0 and 1."""
        return self.apply(self._product, one, other)

    def divide(self, one: int, other: int) -> int:
        """Quotient, 0 where ``other`` is 0."""
        return self.apply(self._quotient, one, other)

    def above(self, function: int, limit: float) -> int:
        """Where the number is above ``limit``."""
        known = self._over.setdefault(limit, {})
        for index in self.below(function):
            if index in known:
                continue
            if self.variable[index] == LEAF:
                known[index] = TRUE if self.value[index] > limit else FALSE
            else:
                known[index] = self.node(
                    self.variable[index], known[self.low[index]], known[self.high[index]]
                )
        return known[function]

    def below(self, function: int) -> list[int]:
        """The nodes of a function, children before parents."""
        seen = {function}
        stack = [function]
        while stack:
            index = stack.pop()
            if self.variable[index] != LEAF:
                for child in (self.low[index], self.high[index]):
                    if child not in seen:
                        seen.add(child)
                        stack.append(child)
        return sorted(seen)

    def leaf(self, index: int) -> bool:
        """Whether the node is an end."""
        return self.variable[index] == LEAF

    def _add(self, f: int, g: int) -> int:
        if f == FALSE:
            return g
        if g == FALSE:
            return f
        return self._ends(f, g, lambda a, b: a + b)

    def _multiply(self, f: int, g: int) -> int:
        if f == FALSE or g == FALSE:
            return FALSE
        if f == TRUE:
            return g
        if g == TRUE:
            return f
        return self._ends(f, g, lambda a, b: a * b)

    def _divide(self, f: int, g: int) -> int:
        if f == FALSE or g == FALSE:
            return FALSE
        if g == TRUE:
            return f
        return self._ends(f, g, lambda a, b: a / b)

    def _ends(self, f: int, g: int, of: Callable[[float, float], float]) -> int:
        if self.variable[f] != LEAF or self.variable[g] != LEAF:
            return -1
        return self.constant(of(self.value[f], self.value[g]))


def _and(f: int, g: int) -> int:
    if f == FALSE or g == FALSE:
        return FALSE
    if f in (TRUE, g):
        return g
    return f if g == TRUE else -1


def _or(f: int, g: int) -> int:
    if f == TRUE or g == TRUE:
        return TRUE
    if f in (FALSE, g):
        return g
    return f if g == FALSE else -1


def _minus(f: int, g: int) -> int:
    if g == TRUE or f in (FALSE, g):
        return FALSE
    return f if g == FALSE else -1

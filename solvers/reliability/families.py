"""Families of sets of events, and the minimal ones that make a function true.

References
----------
.. [1] A. Rauzy, "New algorithms for fault trees analysis", Reliability Engineering and System Safety 40, 1993,
   pp. 203-211 (minimal solutions of a diagram).
.. [2] S. Minato, "Zero-suppressed BDDs for set manipulation in combinatorial problems", Proc. DAC, 1993,
   pp. 272-277.
"""

from __future__ import annotations

from solvers.reliability.diagram import FALSE, LEAF, TRUE, Diagram


class SetFamily:
    """Families of sets of events as zero-suppressed diagrams: a missing node means "not in the set".

    Index 0 is the empty family, 1 the family of the empty set alone.
    """

    def __init__(self) -> None:
        self.variable = [LEAF, LEAF]
        self.low = [-1, -1]
        self.high = [-1, -1]
        self._nodes: dict[tuple[int, int, int], int] = {}
        self._kept: dict[tuple[int, int], int] = {}
        self._minimal: dict[tuple[int, int], int] = {}

    def node(self, variable: int, low: int, high: int) -> int:
        """Sets of ``low``, and sets of ``high`` with the event added."""
        if high == FALSE:
            return low
        key = (variable, low, high)
        found = self._nodes.get(key)
        if found is None:
            found = len(self.variable)
            self._nodes[key] = found
            self.variable.append(variable)
            self.low.append(low)
            self.high.append(high)
        return found

    def minimal(self, diagram: Diagram, function: int, order: int) -> int:
        """Minimal sets of at most ``order`` events that, happening alone, make ``function`` true.

        Exact also for functions that further events can make false again: a set counts if it makes the function
        true and none of its subsets does.
        """
        known = self._minimal
        stack = [(function, order)]
        while stack:
            key = stack[-1]
            if key in known:
                stack.pop()
                continue
            f, most = key
            if f in (FALSE, TRUE):
                known[key] = f
            elif most == 0:
                known[key] = TRUE if _at_rest(diagram, f) else FALSE
            else:
                low, high = (diagram.low[f], most), (diagram.high[f], most - 1)
                missing = [part for part in (low, high) if part not in known]
                if missing:
                    stack += missing
                    continue
                rest = self.keep(known[high], known[low])
                known[key] = self.node(diagram.variable[f], known[low], rest)
            stack.pop()
        return known[(function, order)]

    def keep(self, one: int, other: int) -> int:
        """Sets of ``one`` that contain no set of ``other``."""
        known = self._kept
        stack = [(one, other)]
        while stack:
            key = stack[-1]
            if key in known:
                stack.pop()
                continue
            result, missing = self._keep(*key)
            if missing:
                stack += missing
                continue
            known[key] = result
            stack.pop()
        return known[(one, other)]

    def _keep(self, f: int, g: int) -> tuple[int, list[tuple[int, int]]]:
        known = self._kept
        if g == TRUE or f in (FALSE, g):
            return FALSE, []
        if g == FALSE or f == TRUE:
            return f, []
        if self.variable[f] > self.variable[g]:
            part = (f, self.low[g])
            return known.get(part, -1), [] if part in known else [part]
        same = self.variable[f] == self.variable[g]
        low = (self.low[f], self.low[g] if same else g)
        high = (self.high[f], self.low[g] if same else g)
        missing = [part for part in (low, high) if part not in known]
        if missing:
            return -1, missing
        rest = known[high]
        if same:
            last = (rest, self.high[g])
            if last not in known:
                return -1, [last]
            rest = known[last]
        return self.node(self.variable[f], known[low], rest), []

    def sets(self, family: int) -> list[tuple[int, ...]]:
        """All sets of the family, each in ascending order of events."""
        found = []
        stack: list[tuple[int, tuple[int, ...]]] = [(family, ())]
        while stack:
            index, path = stack.pop()
            if index == TRUE:
                found.append(path)
            elif index != FALSE:
                stack.append((self.low[index], path))
                stack.append((self.high[index], (*path, self.variable[index])))
        return found


def _at_rest(diagram: Diagram, function: int) -> bool:
    """Value of a truth function when nothing has happened."""
    while not diagram.leaf(function):
        function = diagram.low[function]
    return function == TRUE

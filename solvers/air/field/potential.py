"""Potential flow of a room: the first guess of the full equations, and the quickest answer."""

from __future__ import annotations

import numpy as np

from solvers.air.field.flow import Flow


def potential(flow: Flow, tolerance: float = 1e-4, rounds: int = 20) -> None:
    """Flow without inertia, jets or buoyancy: fluxes follow a potential, losses of panels a square law.

    The potential's own pressure drop over the room is kept small beside that of the panels.
    """
    velocity = (flow.u, flow.v, flow.w)
    panels = np.isin(flow.loss_face, flow.voxels.panels.face) & (flow.loss_factor > 0)
    ease = 1.0
    if panels.any():
        area = sum(flow.voxels.face_area(a).mean() for a in range(3)) / 3
        speed = flow.supplied / max(float(area) * int(panels.sum()), 1e-9)
        drop = float(np.median(flow.loss_factor[panels])) / float(area) * max(speed, 1e-3) ** 2
        reach = max(float(line[-1] - line[0]) for line in flow.voxels.grid.lines)
        ease = 100.0 * 0.5 * reach / max(drop, 1e-6)
    pace = np.full(flow.loss_face.size, 1e-2)
    for _ in range(rounds if panels.any() else 1):
        for a in range(3):
            s, m = flow.slope[a]
            flow.q[a][:] = (flow.voxels.open[a] * ease) * (s[:, None] * m).reshape(flow.q[a].shape)
            velocity[a][flow.voxels.open[a]] = 0
            chosen = flow.loss_axis == a
            if chosen.any():
                face = flow.loss_face[chosen]
                free = flow.q[a].reshape(-1)[face].astype(float)
                area_here = flow.area[a].reshape(-1)[face].astype(float)
                tight = area_here**2 / np.maximum(flow.loss_factor[chosen] * pace[chosen], 1e-12)
                flow.q[a].reshape(-1)[face] = 1.0 / (1.0 / free + 1.0 / tight)
        for component, a in zip(velocity, range(3), strict=True):
            holes = flow.voxels.openings
            component.reshape(-1)[holes.face[holes.axis == a]] = 0
        flow.p[:] = 0
        flow.project(tolerance)
        speed_now = np.empty_like(pace)
        for a in range(3):
            chosen = flow.loss_axis == a
            speed_now[chosen] = np.abs(velocity[a].reshape(-1)[flow.loss_face[chosen]])
        pace = np.sqrt(np.maximum(pace, 1e-6) * np.maximum(speed_now, 1e-6))
        if np.abs(speed_now - pace).max(initial=0) <= 1e-3 * speed_now.max(initial=1e-9):
            break

"""Methods and their validity: for each solver of a run what it holds for, leaves out, and was held against.

The long form, with equations and all comparisons, are the theory pages named beside each; tests hold that they exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.results.results import Results


@dataclass(frozen=True)
class Method:
    """A solver in four sentences."""

    name: str
    method: str
    holds: str
    """Range of validity."""
    without: str
    """What is left out."""
    checked: str
    """What it was compared with."""
    page: str
    """Theory page, from the root of the project."""


AIR_ZONAL = Method(
    "Air, zonal",
    "Heat and air balance of aisles, racks and units in closed form",
    "Halls whose supply mixes in one plenum; leakage and recirculation are given, not found",
    "Pressure, jets, stratification, moisture beyond one dew point for a hall",
    "Closed forms to 1e-9; random halls balance to 1e-9",
    "solvers/air/THEORY.md",
)
AIR_FIELD = Method(
    "Air, three-dimensional",
    "Finite volumes, k-epsilon or potential flow, Boussinesq buoyancy",
    "Rooms that fans and warm exhaust stir; a rack three cells wide, 0.2 m or finer, where a verdict hangs on an inlet",
    "Radiation, condensation, single jets of a tile, profiles inside racks, large eddies",
    "OpenFOAM: every inlet within 0.12 K at 0.12 m; cavities, channel and IEA Annex 20 room; no measured hall",
    "solvers/air/field/THEORY.md",
)
HYDRAULICS = Method(
    "Flow in loops",
    "Global gradient method with pumps, control valves and equivalent branches",
    "Turbulent and laminar single-phase flow of water and glycol inside the range of their properties",
    "Gas in the fluid, boiling, wear; fittings by rated drops",
    "EPANET 2.3.5 within 0.6 mm of head; GB300 rack flow within 0.7 % of its sheet",
    "solvers/hydraulics/THEORY.md",
)
HEAT = Method(
    "Heat in loops",
    "Effectiveness and number of transfer units, on known flows",
    "Steady states; exchangers as rated, with flow exponents",
    "Fouling beyond the rating, storage, conduction along pipes, properties that change along a pipe",
    "Energy of random networks below 1e-12; six arrangements against closed forms to 1e-10",
    "solvers/hydraulics/THEORY_heat.md",
)
PLANT = Method(
    "Heat rejection and chillers",
    "Rating point and part-load laws: dry coil, Merkel tower, polynomial chiller curves",
    "Towers from 0.3 to 1.08 of rated water and 25 K below to 10 K above the rated wet bulb; chillers inside their curves",
    "Ice, scaling, surge, starts",
    "Rating points to 1e-6 K; EnergyPlus tower 0.06 K rms; year of a published reference plant: PUE 1.0644 against 1.0659",
    "solvers/plant/THEORY.md",
)
POWER = Method(
    "Power flow",
    "Backward and forward sweep, Newton where meshed, AC and DC",
    "Balanced steady states of any radial or meshed tree",
    "Droop, current limits of converters, temperature of conductors, transients; overloads are told, nothing trips",
    "PYPOWER to 8e-12 and pandapower to 2.5e-9 p.u. on public networks; facility of 3,033 buses to 2.3e-10",
    "solvers/power/THEORY.md",
)
COUPLING = Method(
    "Coupling",
    "Fixed point over power, heat, flow and air, all states at once",
    "Steady states; standby generators carry load at once, tanks do nothing",
    "Losses of electrical rooms cost what cools these; those of cables and of machines outdoors nothing",
    "Heat and power balance of every state of every shipped layout to 1e-6; rack flow and drop within 1 % and 3 % of sheets",
    "twin/networks/THEORY.md",
)
TOKENS = Method(
    "Tokens and cost",
    "Measured throughput by service level; annuity, energy, water, upkeep",
    "The platform, model and date of the measurements",
    "Throughput below full power follows an assumed curve; land, staff, tax and inflation",
    "One published measurement of a power cap (on the careful side)",
    "solvers/tokens/THEORY.md",
)
OF_STUDIES = {
    "redundancy": Method(
        "Redundancy",
        "Structure search over machines out of service, with ranks and capacities",
        "Capacity as numbers of nodes, not a power flow",
        "Transfer times, partial operation, human error",
        "All states of random structures up to 1,024: equal",
        "solvers/reliability/THEORY.md",
    ),
    "reliability": Method(
        "Reliability",
        "Decision diagrams of the same structure, with maintenance",
        "Independent failures with constant rates, repairs that do not wait",
        "Common causes other than all-or-none, wear, human error, ride-through",
        "RBTS bus 2: published indices within 1 %; sums over all states to 1e-12",
        "solvers/reliability/THEORY.md",
    ),
    "continuity": Method(
        "Loss of the utility",
        "Batteries by energy and efficiency; start sequences; generating sets with governor and exciter",
        "Sets with the parameters of their sheets, constant-power loads",
        "Subtransients, saturation, cold engines, unlike sets that swing against each other",
        "Closed forms to 1e-12; DOP853 to 1e-6 p.u.",
        "solvers/power/dynamics/THEORY.md",
    ),
    "faults": Method(
        "Short circuits and arc flash",
        "Equivalent voltage source after IEC 60909-0; IEEE 1584 model for arcs",
        "Three-phase and earth faults in AC networks of known impedances; arcs of three phases from 208 V to 15 kV",
        "DC faults, fault impedance, fuses that limit current, arcs on DC",
        "IEC TR 60909-4 network and IEEE 1584 Annex D examples: printed digits; pandapower to 1e-9",
        "solvers/power/faults/THEORY.md",
    ),
    "phases": Method(
        "Single phases",
        "Unbalanced sweep with neutral behind each UPS or transformer",
        "Fundamental frequency; UPS outputs stiff and balanced",
        "Third harmonics in the neutral, saturation, temperature of conductors",
        "OpenDSS: 13, 34 and 123 nodes to 9e-10 ... 3e-9 p.u.",
        "solvers/power/unbalanced/THEORY.md",
    ),
    "harmonics": Method(
        "Harmonics",
        "Current sources of typical spectra into the network's impedances",
        "Screening: converters of one kind in step, a grid without distortion of its own",
        "Reaction of converters, interharmonics, control resonances",
        "OpenDSS harmonic mode to 2.2e-10; closed forms of resonance",
        "solvers/power/THEORY_harmonics.md",
    ),
    "mains": Method(
        "Mains and surge",
        "Shut pieces solved again; Joukowsky and slow closure for each valve",
        "Screening of rigid columns between a valve and the sources",
        "Reflections, column separation, check valves",
        "Momentum of every pipe to 1e-9; Joukowsky to 1e-12",
        "solvers/hydraulics/THEORY_control.md",
    ),
    "cooling": Method(
        "Loss of cooling in time",
        "Lumps of fluid, metal and air, marched from the normal state for 30 minutes or more",
        "Well mixed lumps; flows that follow pumps and valves at once",
        "Transport delay, inertia of the fluid, warm-up of walls, batteries that run empty, staff who act",
        "End states against the coupled steady states: supply 0.02 K, lids 0.05 K",
        "twin/studies/THEORY_cooling_loss.md",
    ),
}
"""Studies by name."""


def used(results: Results) -> list[Method]:
    """Methods that a run used, in the order of the data."""
    domains = {report.domain: report.method for report in results.reports}
    zonal = domains.get("air", "zonal") == "zonal" and not results.air
    found = [AIR_ZONAL if zonal else AIR_FIELD] if "air" in domains or results.air else []
    found += [HYDRAULICS] if "hydraulics" in domains else []
    found += [HEAT, PLANT] if "heat" in domains else []
    found += [POWER] if "power" in domains else []
    found += [COUPLING] if "coupling" in domains else []
    tokens = results.tables.get("site")
    if tokens is not None and "tokens" in tokens.values and bool((tokens["tokens"] > 0.0).any()):
        found.append(TOKENS)
    found += [method for name, method in OF_STUDIES.items() if results.answers.get(name)]
    return found


EVERY = (AIR_ZONAL, AIR_FIELD, HYDRAULICS, HEAT, PLANT, POWER, COUPLING, TOKENS, *OF_STUDIES.values())
"""All methods, for whoever wants to know that their pages exist."""

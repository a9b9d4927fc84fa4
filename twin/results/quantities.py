"""The nomenclature: every quantity of the result tables, its label and dimension, in one place.

Reports, maps, limits and the viewer all read this table; a field to paint is one more entry.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantity:
    """A named quantity of one table."""

    name: str
    """``table.quantity``."""
    label: str
    dimension: str
    """Dimension of :mod:`twin.units`; ``ratio`` for plain numbers, ``flag`` for yes/no."""
    paint: bool = False
    """True if maps and the viewer offer it."""


def _table(table: str, rows: str) -> list[Quantity]:
    quantities = []
    for row in rows.strip().splitlines():
        name, dimension, label = (part.strip() for part in row.split("|"))
        quantities.append(Quantity(f"{table}.{name.rstrip('*')}", label, dimension, name.endswith("*")))
    return quantities


QUANTITIES: dict[str, Quantity] = {
    quantity.name: quantity
    for quantity in [
        *_table(
            "rack",
            """
            served             | flag               | Has power on at least one feed
            power*             | power              | Electrical power at the rack input
            demand             | power              | Power the workload asks for
            throttle*          | fraction           | Power drawn over power asked for
            inlet_temperature* | temperature        | Air temperature at the inlet
            inlet_highest*     | temperature        | Air temperature at the warmest place of the inlet
            inlet_error        | temperature_difference | Estimated error of the inlet temperature
            outlet_temperature*| temperature        | Air temperature at the outlet
            relative_humidity  | fraction           | Relative humidity at the inlet
            recirculation*     | fraction           | Share of inlet air that is not supply air
            air_flow           | mass_flow          | Air flow
            air_heat           | power              | Heat into the air
            liquid_heat        | power              | Heat into the liquid
            liquid_flow*       | mass_flow          | Coolant flow
            liquid_required    | mass_flow          | Coolant flow that the sheet asks for
            liquid_supply*     | temperature        | Coolant temperature at the inlet
            liquid_return*     | temperature        | Coolant temperature at the outlet
            liquid_drop        | pressure           | Coolant pressure drop
            liquid_pressure    | pressure           | Gauge pressure at the coolant inlet
            liquid_surge       | pressure           | Rise of pressure when its valve closes
            flow_share*        | fraction           | Coolant flow over what is asked for; 0 where nothing is
            coupling_loading   | fraction           | Coolant flow over the rating of its quick disconnects; 0 not rated
            case_temperature*  | temperature        | Warmest lid of its accelerators; 0 without data of their cold plates
            case_margin*       | temperature_difference | Distance of the warmest lid to its limit; 0 without data
            voltage*           | ratio              | Lowest input voltage over nominal
            shelf_loading      | fraction           | Load of the power shelves of the fullest feed
            tokens*            | token_rate         | Tokens per second
            chip_power         | power              | Power of the accelerators
            fewest_failures    | ratio              | Fewest machines that drop it, or one more than were searched
        """,
        ),
        *_table(
            "cdu",
            """
            live             | flag        | In service and powered
            duty*            | power       | Heat moved
            loading*         | fraction    | Heat moved over capacity
            primary_flow     | mass_flow   | Facility water flow
            secondary_flow   | mass_flow   | Coolant flow
            supply*          | temperature | Coolant supply temperature
            primary_supply   | temperature | Facility water entering
            approach         | temperature_difference | Coolant supply above facility water supply
            power            | power       | Electrical power of pumps and controls
            head_margin      | fraction    | Unused share of the pump head
            primary_required | mass_flow   | Facility water flow that its valve is set to
            primary_pressure | pressure    | Gauge pressure of the facility water entering
            primary_surge    | pressure    | Rise of pressure when its facility water valve closes
            secondary_pressure | pressure  | Highest gauge pressure of its coolant
            filter_drop      | pressure    | Pressure drop of its clean filter; 0 not known
        """,
        ),
        *_table(
            "crah",
            """
            live        | flag        | In service and powered
            duty*       | power       | Heat taken from the air
            loading*    | fraction    | Heat over rated capacity
            supply*     | temperature | Supply air temperature
            speed       | fraction    | Fan speed
            water_flow  | mass_flow   | Water flow
            water_supply| temperature | Water entering
            water_required | mass_flow | Water flow that its valve is set to
            water_pressure | pressure  | Gauge pressure of the water entering
            power       | power       | Fan power
            saturated   | flag        | Set point not held
        """,
        ),
        *_table(
            "rear_door",
            """
            live        | flag        | In service and powered
            duty*       | power       | Heat taken from the rack's exhaust
            loading     | fraction    | Heat over rated capacity
            air_supply  | temperature | Air that leaves the rack, before the door
            air_leaving | temperature | Air behind the door
            water_supply| temperature | Water entering
            water_flow  | mass_flow   | Water flow
            water_required | mass_flow | Water flow that its valve is set to
            water_pressure | pressure  | Gauge pressure of the water entering
            power       | power       | Fan power
        """,
        ),
        *_table(
            "plant",
            """
            live      | flag        | In service and powered
            duty*     | power       | Heat taken from the loop
            loading*  | fraction    | Heat over capacity at this outdoor state
            leaving*  | temperature | Leaving temperature of the loop fluid
            flow      | mass_flow   | Loop flow
            power     | power       | Electrical power of fans and compressors
            water     | mass_flow   | Water used
            saturated | flag        | Set point not held
            free      | fraction    | Share of the duty done without compressor
            pressure  | pressure    | Highest gauge pressure of its loop
        """,
        ),
        *_table(
            "pump",
            """
            live    | flag      | In service and powered
            flow*   | mass_flow | Flow
            rise    | pressure  | Pressure rise
            power   | power     | Electrical power
            loading | fraction  | Flow over the duty-point flow
            pressure       | pressure | Gauge pressure at its outlet
            npsh_available | length   | Net positive suction head at its inlet
            npsh_required  | length   | Net positive suction head that it needs at this flow
        """,
        ),
        *_table(
            "power",
            """
            live*    | flag     | Output energised
            power*   | power    | Real power through its output
            apparent | apparent_power | Apparent power through its output
            current  | current  | Current at its output
            loading* | fraction | Load over rating
            loss     | power    | Losses
            voltage* | ratio    | Output voltage over nominal
        """,
        ),
        *_table(
            "feed",
            """
            live    | flag     | Energised
            power   | power    | Real power
            current | current  | Current of one circuit
            loading | fraction | Current of one circuit over its breaker rating
            cable_loading | fraction | Current of one circuit over its cable's ampacity
            drop    | ratio    | Voltage drop from the source terminal to the load, over nominal
        """,
        ),
        *_table(
            "loop",
            """
            supply*   | temperature | Supply temperature after mixing
            return*   | temperature | Return temperature
            setpoint  | temperature | Supply set point
            flow*     | mass_flow   | Flow in its headers
            source_flow     | mass_flow   | Flow through its sources
            source_supply   | temperature | Temperature behind its sources, before a decoupler mixes return into it
            decoupler       | mass_flow   | Flow through its decoupler, from supply to return; negative the other way
            bypass          | mass_flow   | Flow past its sinks, by its by-pass and by three-way valves
            least_flow      | mass_flow   | Flow that its by-pass keeps up in the headers
            density   | density     | Density of its fluid
            velocity  | speed       | Highest pipe velocity
            pressure  | pressure    | Highest gauge pressure
            heat      | power       | Heat taken up
            head_margin | fraction  | Unused share of the pump head at the worst sink
            reuse            | power       | Heat handed to others
            speed            | fraction    | Pump speed over full speed
            primary_speed    | fraction    | Speed of primary pumps beside a decoupler over full speed; 0 without one
            imbalance | fraction    | Spread of sink flow over required flow
            branch_velocity  | speed       | Highest velocity in the branches to its sinks
            surge            | pressure    | Largest rise of pressure when the valve of a branch closes
            surge_pressure   | pressure    | Highest gauge pressure at a sink while its valve closes
            shutoff_pressure | pressure    | Gauge pressure behind its pumps at full speed without flow
            pipe_rating      | pressure    | Lowest working pressure of its pipes and joints
            top_pressure     | pressure    | Gauge pressure at its highest point while the pumps stand
            boiling          | pressure    | Gauge pressure below which its warmest fluid boils
            coldest_known    | temperature | Coldest fluid whose properties are known
            warmest_known    | temperature | Warmest fluid whose properties are known
            freezing_point   | temperature | Temperature at which its fluid begins to freeze
        """,
        ),
        *_table(
            "hall",
            """
            supply_flow | mass_flow   | Supply air
            supply      | temperature | Supply air temperature
            return      | temperature | Return air temperature
            inlet_max*  | temperature | Hottest rack inlet
            dew_point   | temperature | Dew point of the room air
            heat        | power       | Heat into the air
            rests       | flag        | The solve of the air came to rest
            rci_hi      | fraction    | Rack cooling index, high side
            rci_lo      | fraction    | Rack cooling index, low side
            rti         | fraction    | Return temperature index
            shi         | fraction    | Supply heat index
            rhi         | fraction    | Return heat index
        """,
        ),
        *_table(
            "part",
            """
            racks_lost      | ratio | Racks lost when it alone is out of service
            pair_racks_lost | ratio | Racks lost when it and another machine are out of service
        """,
        ),
        *_table(
            "fault",
            """
            three_phase_max | current  | Largest three-phase short-circuit current
            three_phase_min | current  | Smallest three-phase short-circuit current
            earth_max       | current  | Largest earth-fault current
            earth_min       | current  | Smallest earth-fault current
            peak_max        | current  | Largest peak of a three-phase short circuit
            state           | ratio    | Where the largest current flows: 0 mains, 1 generators, 2 switches in other position
            interrupting    | fraction | Short-circuit current over the interrupting rating of its breakers; 0 not rated
            withstand       | fraction | Short-circuit stress over the withstand rating; 0 not rated
            incident_energy | energy_per_area | Incident energy of an arc at the working distance; 0 not worked out
            arc_boundary    | length   | Arc-flash boundary
        """,
        ),
        *_table(
            "protection",
            """
            prospective         | current  | Largest short-circuit current at the breaker
            interrupting_needed | current  | Interrupting rating that is needed there
            interrupting        | fraction | Interrupting rating that is needed over the one it has; 0 not rated
            earth_min           | current  | Smallest earth-fault current at the end of the circuit
            earth_over_pickup   | ratio    | That current over the one that trips without long delay
            disconnection       | duration | Longest clearing time of an earth fault there, UPS on their bypass
            selective           | fraction | Current up to which it is selective with the breaker upstream, over the largest
        """,
        ),
        *_table(
            "reliability",
            """
            availability  | ratio    | Availability of power and cooling
            outage        | duration | Expected time down in a year
            interruptions | ratio    | Interruptions a year
        """,
        ),
        *_table(
            "share",
            """
            share | fraction | Part of the unavailability of racks that vanishes if it never fails
        """,
        ),
        *_table(
            "store",
            """
            load       | power    | Load of the battery in the normal state
            load_worst | power    | Largest load of the battery in any state
            time       | duration | Time to an empty battery in the normal state
            time_worst | duration | Time to an empty battery at its largest load
            gap        | duration | Time it must bridge until a generator carries the load
            relieved   | flag     | A generator or another source takes over
        """,
        ),
        *_table(
            "genset",
            """
            load                    | power    | Load of the generator when the utility is lost
            fuel_time               | duration | Running time on its own tank at that load
            block_step              | fraction | Largest block over the rating of the sets on the bus
            block_step_limit        | fraction | Step that it bears, over its rating
            job                     | flag     | Racks with training jobs hang on it
            job_step                | fraction | Step of the training job over the rating
            job_held                | flag     | It does not trip when the job starts
            frequency_drop          | fraction | Fall of frequency when the job starts
            frequency_drop_bare     | fraction | Fall of frequency without the racks' storage
            frequency_drop_limit    | fraction | Fall of frequency that its class allows
            frequency_recovery      | duration | Recovery of frequency
            frequency_recovery_bare | duration | Recovery of frequency without the racks' storage
            frequency_recovery_limit| duration | Recovery of frequency that its class allows
            voltage_drop            | fraction | Fall of voltage when the job starts
            voltage_drop_bare       | fraction | Fall of voltage without the racks' storage
            voltage_drop_limit      | fraction | Fall of voltage that its class allows
            voltage_recovery        | duration | Recovery of voltage
            voltage_recovery_bare   | duration | Recovery of voltage without the racks' storage
            voltage_recovery_limit  | duration | Recovery of voltage that its class allows
        """,
        ),
        *_table(
            "input",
            """
            transfer | duration | Longest interruption by the operation of one transfer switch
            gap      | duration | Time without power when the utility is lost
            returns  | flag     | Power returns when the utility is lost
            hold_up  | duration | Interruption that it bridges on its own
        """,
        ),
        *_table(
            "cooling_loss",
            """
            time_supply    | duration    | First rack with warmer coolant than all of its loop allow
            time_case      | duration    | First lid (or return) at its limit
            time_inlet     | duration    | First rack with warmer air than its class allows
            time_throttle  | duration    | First rack that throttles
            time_trip      | duration    | First rack that shuts down
            ride_throttle  | duration    | Time after which cooling may be back before a rack throttles
            ride_trip      | duration    | Time after which cooling may be back before a rack shuts down
            storage        | duration    | Time for which tanks give cold at their loop's flow; 0 without
            racks_throttle | ratio       | Racks that throttle
            racks_trip     | ratio       | Racks that shut down
            restart        | duration    | Time until everything that comes back cools again
            returns        | flag        | What was lost comes back
            peak_lid       | temperature | Warmest lid, or return where lids are not known
            peak_supply    | temperature | Warmest supply of loops with racks
            peak_air       | temperature | Warmest supply air; 0 in halls that are not touched
            racks_dark     | ratio       | Racks that lose power
            rests          | flag        | No temperature rises any more at the end
            followed       | flag        | Followed to its end
            single         | flag        | Loss of one cooling machine
            power          | flag        | Loss of one power machine that stops cooling machines
            piece          | flag        | Loss of a piece of the headers
            utility        | flag        | Loss of the utility
            flowless       | flag        | Loss of all pumps of a loop
        """,
        ),
        *_table(
            "rack_loss",
            """
            single_throttle   | duration    | Shortest time until it throttles after the loss of one cooling machine
            single_trip       | duration    | Shortest time until it shuts down after the loss of one cooling machine
            single_lid        | temperature | Warmest lid after the loss of one cooling machine
            flowless_case     | duration    | Time to the lid's limit once the coolant stands still
            flowless_throttle | duration    | Time until it throttles once the coolant stands still
            flowless_trip     | duration    | Time until it shuts down once the coolant stands still
            flowless_lid      | temperature | Warmest lid once the coolant stands still
            utility_throttle  | duration    | Time until it throttles after the loss of the utility
            utility_trip      | duration    | Time until it shuts down after the loss of the utility
            utility_lid       | temperature | Warmest lid after the loss of the utility
            case_max          | temperature | Warmest lid in operation; 0 where that is not known
        """,
        ),
        *_table(
            "segment",
            """
            sinks_without | ratio    | Racks and machines without fluid while it is shut
            sinks_short   | ratio    | Racks and machines that keep less than 95 % of their flow while it is shut
            racks_lost    | ratio    | Racks lost while it is shut
            least_share   | fraction | Least share of their flow that the others keep
        """,
        ),
        *_table(
            "vessel",
            """
            volume        | volume      | Fluid of the loop
            warmest       | temperature | Warmest fluid in any state
            growth        | volume      | Growth of the fluid from filling to its warmest
            needed        | volume      | Smallest expansion vessel; 0 where static or relief pressure leaves no room
            precharge     | pressure    | Gauge pressure of the gas in that vessel
            stated        | volume      | Expansion vessel of the layout; 0 for none
            pressure      | pressure    | Gauge pressure to which the stated vessel rises; 0 for none
            pressure_max  | pressure    | Gauge pressure that the relief valve allows
            reserve       | volume      | Fluid in the cold vessel
            reserve_least | volume      | Fluid that the cold vessel should hold
        """,
        ),
        *_table(
            "distortion",
            """
            thd           | fraction | Distortion of the voltage
            thd_limit     | fraction | Distortion of the voltage that is allowed
            largest       | fraction | Largest harmonic of the voltage
            largest_limit | fraction | Largest harmonic of the voltage that is allowed
            thd_islanded  | fraction | Distortion of the voltage on generators; 0 where they do not feed it
        """,
        ),
        *_table(
            "connection",
            """
            tdd         | fraction | Distortion of the current over the demand current
            tdd_limit   | fraction | Distortion of the current that is allowed
            margin      | fraction | Distance of the worst order, or of the total, to its limit
            worst_order | ratio    | Order with the least margin; 0 the total
            ratio       | ratio    | Short-circuit current over demand current
        """,
        ),
        *_table(
            "winding",
            """
            k_factor    | ratio    | K-factor of the current in the normal state
            loss_factor | ratio    | Harmonic loss factor of the winding's eddy currents
            permissible | fraction | Current it bears with these harmonics, over its rating
            loading     | fraction | Largest load of all states over its rating
        """,
        ),
        *_table(
            "phase",
            """
            current_a          | current  | Current of phase A
            current_b          | current  | Current of phase B
            current_c          | current  | Current of phase C
            neutral_current    | current  | Current in the neutral, fundamental
            neutral_harmonics  | current  | Third harmonics and their multiples in the neutral
            imbalance          | fraction | Largest deviation of a phase current from the mean, over the mean
            unbalance          | fraction | Negative over positive sequence voltage
            worst_current      | current  | Largest current of a phase in any state
            worst_neutral      | current  | Largest current in the neutral in any state, with harmonics
            worst_imbalance    | fraction | Largest imbalance in any state with at least the normal load
            worst_unbalance    | fraction | Largest voltage unbalance in any state
            neutral_ampacity   | current  | Ampacity of the neutral
            loading            | fraction | Fullest phase over the rating, in any state
            breaker_loading    | fraction | Fullest phase over the breaker of the feed, in any state
            cable_loading      | fraction | Fullest phase over the ampacity of the feed's cable, in any state
        """,
        ),
        *_table(
            "phase_load",
            """
            voltage_low        | ratio    | Lowest voltage across a circuit over nominal
            voltage_high       | ratio    | Highest voltage across a circuit over nominal
            unbalance          | fraction | Negative over positive sequence voltage
            worst_voltage_low  | ratio    | Lowest voltage across a circuit in any state
            worst_voltage_high | ratio    | Highest voltage across a circuit in any state
            worst_unbalance    | fraction | Largest voltage unbalance in any state
            circuit_current    | current  | Largest current of a circuit, or of a phase of three, in any state
        """,
        ),
        *_table(
            "site",
            """
            it_power        | power | Power of all racks at their input
            facility_power  | power | Power at the utility meter (or generators)
            cooling_power   | power | Fans, pumps and compressors
            electrical_rooms_power | power | Cooling of electrical rooms, part of all cooling
            electrical_rooms_heat | power | Losses of the power tree that electrical rooms take up
            loss_power      | power | Losses of the power tree
            other_power     | power | Drawn outside the modelled power tree
            electrical_loss | fraction | Losses of the power tree over what enters it for IT and losses
            pue             | ratio | Power usage effectiveness
            water           | mass_flow | Water drawn
            wue             | volume_per_energy | Water usage effectiveness
            cue             | carbon_intensity | Carbon usage effectiveness
            chip_power      | power | Power of all accelerators
            tokens          | token_rate | Tokens per second
            tokens_per_joule_chip    | ratio | Tokens per joule at the accelerator
            tokens_per_joule_rack    | ratio | Tokens per joule at accelerator racks' input
            tokens_per_joule_it      | ratio | Tokens per joule of all IT power
            tokens_per_joule_utility | ratio | Tokens per joule at the meter
            racks_served    | ratio | Racks with power
            racks_throttled | ratio | Racks below the power they ask for
            cost_capital_it | money_per_token | Cost of IT capital per token
            cost_capital_facility | money_per_token | Cost of facility capital per token
            cost_energy     | money_per_token | Cost of energy per token
            cost_water      | money_per_token | Cost of water per token
            cost_operations | money_per_token | Cost of operation per token
            cost            | money_per_token | Cost per token
        """,
        ),
    ]
}

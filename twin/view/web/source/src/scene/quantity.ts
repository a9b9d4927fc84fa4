/** Quantities as text: what `twin.checks.wording.quantity` writes in Python, character for character. */
import type { Dimension, Unit } from "../generated/scene";

/** What stands where there is no value. */
export const NONE = "\u2013";

/**
 * Digits after the point, ties to the even digit.
 *
 * `toFixed` rounds a tie away from zero, Python to the even digit; temperatures of 0.01 K meet ties every day.
 */
export function fixed(value: number, places: number): string {
  const size = Math.abs(value);
  if (size >= 1e21) return value.toFixed(places);
  const exact = size.toFixed(Math.min(100, places + 60));
  const cut = exact.length - Math.min(100, places + 60) + places;
  const whole = exact.slice(0, cut).replace(/\.$/, "");
  const rest = exact.slice(cut).replace(".", "");
  const even = Number(whole.at(-1)) % 2 === 0;
  const text = /^50*$/.test(rest) && even ? whole : size.toFixed(places);
  return value < 0 || Object.is(value, -0) ? `-${text}` : text;
}

/** As Python's `:.{digits - 1}e`. */
export function scientific(value: number, digits: number): string {
  const size = Math.abs(value);
  const [long = "0", power = "0"] = size.toExponential(60).split("e");
  const exponent = Number(power);
  const shown = fixed(Number(long), digits - 1);
  const [mantissa, shift] = Number(shown) >= 10 ? [fixed(1, digits - 1), exponent + 1] : [shown, exponent];
  const padded = `${shift < 0 ? "-" : "+"}${String(Math.abs(shift)).padStart(2, "0")}`;
  return `${value < 0 ? "-" : ""}${mantissa}e${padded}`;
}

/** As Python's `:.{digits}g`. */
export function general(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa = "", power = "0"] = scientific(value, digits).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= digits) return `${trimmed(mantissa)}e${power}`;
  return trimmed(fixed(value, digits - 1 - exponent));
}

/** A value of a dimension with its unit. */
export function formatQuantity(value: number, dimension: Dimension | undefined, digits = 3): string {
  if (!Number.isFinite(value)) return NONE;
  if (dimension?.flag) return value ? "yes" : "no";
  if (!dimension || dimension.units.length === 0) return general(value, digits);
  const unit = unitOf(value, dimension, digits);
  const number = (value - (unit.offset ?? 0)) / unit.factor;
  const decimals = dimension.decimals;
  const text = decimals === null ? plain(number, digits) : fixed(Number(fixed(number, decimals)) + 0, decimals);
  return unit.text ? `${text} ${unit.text}` : text;
}

/** A difference of two values, with its sign; temperatures differ by kelvins. */
export function formatDifference(value: number, dimension: Dimension | undefined, digits = 3): string {
  if (!Number.isFinite(value)) return NONE;
  if (dimension?.flag) return value === 0 ? "same" : value > 0 ? "now yes" : "now no";
  const sign = value > 0 ? "+" : value < 0 ? "\u2212" : "";
  const size = Math.abs(value);
  if (isTemperature(dimension)) return `${sign}${plain(size, digits)} K`;
  return sign + formatQuantity(size, dimension, digits);
}

/** Whether values have an arbitrary zero, so that their differences have another unit. */
export function isTemperature(dimension: Dimension | undefined): boolean {
  return dimension?.units.some((unit) => unit.text === "degC" || unit.text === "\u00b0C") ?? false;
}

/** The largest unit that leaves a number of at least one. */
function unitOf(value: number, dimension: Dimension, digits: number): Unit {
  const units = dimension.units;
  if (!value) return units.find((unit) => unit.text === dimension.zero) ?? units[units.length - 1]!;
  let chosen = units[0]!;
  for (const unit of units)
    if (Number(scientific(Math.abs(value) / unit.factor, Math.max(digits, 1))) >= 1) chosen = unit;
  return chosen;
}

function plain(number: number, digits: number): string {
  if (number === 0) return "0";
  const size = Math.abs(number);
  if (size < 1e-4 || size >= 1e15) return scientific(number, digits);
  const places = digits - 1 - Math.floor(Math.log10(size));
  return trimmed(fixed(number, Math.max(places, 0)));
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

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
  const text = size >= 1e21 ? size.toFixed(places) : rounded(size.toFixed(Math.min(100, places + 60)), places);
  return value < 0 || Object.is(value, -0) ? `-${text}` : text;
}

/** As Python's `:.{digits - 1}e`. */
export function scientific(value: number, digits: number): string {
  const [long = "0", power = "0"] = Math.abs(value).toExponential(100).split("e");
  const shown = rounded(long, digits - 1);
  const over = shown.startsWith("10");
  const exponent = Number(power) + (over ? 1 : 0);
  const padded = `${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  return `${value < 0 ? "-" : ""}${over ? fixed(1, digits - 1) : shown}e${padded}`;
}

/** A decimal that was written out in full, rounded to some digits after the point. */
function rounded(exact: string, places: number): string {
  const [whole = "0", fraction = ""] = exact.split(".");
  const rest = fraction.slice(places);
  const kept = BigInt(whole + fraction.slice(0, places).padEnd(places, "0"));
  const up = /^50*$/.test(rest) ? kept % 2n === 1n : rest !== "" && rest[0]! >= "5";
  const digits = String(kept + (up ? 1n : 0n)).padStart(places + 1, "0");
  return places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
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
  if (!dimension || dimension.units.length === 0) {
    const count = Number.isInteger(value) && Math.abs(value) < 1e6;
    return count ? fixed(value, 0) : general(value, digits);
  }
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

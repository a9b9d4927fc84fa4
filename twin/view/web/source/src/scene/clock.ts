/** Times as people read them. */
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Hour of a year without a leap day: `14 Jul 15:00`. */
export function hourOfYear(seconds: number): string {
  let day = Math.floor(seconds / 86400) % 365;
  let month = 0;
  while (day >= DAYS[month]!) day -= DAYS[month++]!;
  const minutes = Math.floor((seconds % 86400) / 60);
  return `${day + 1} ${MONTHS[month]} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Time after something began: `4.5 s`, `12 min 30 s`, `3 h 05 min`. */
export function elapsed(seconds: number): string {
  const sign = seconds < 0 ? "\u2212" : "";
  const size = Math.abs(seconds);
  if (size < 60) return `${sign}${size < 10 ? Number(size.toFixed(1)) : Math.round(size)} s`;
  if (size < 3600) {
    const rest = Math.round(size % 60);
    return `${sign}${Math.floor(size / 60)} min${rest ? ` ${two(rest)} s` : ""}`;
  }
  const rest = Math.round((size % 3600) / 60);
  return `${sign}${Math.floor(size / 3600)} h${rest ? ` ${two(rest)} min` : ""}`;
}

export function timeText(kind: "year" | "transient", seconds: number): string {
  return kind === "year" ? hourOfYear(seconds) : elapsed(seconds);
}

/** Index of the time nearest to `seconds` in ascending times. */
export function nearest(times: ArrayLike<number>, seconds: number): number {
  let [low, high] = [0, times.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= seconds) low = middle;
    else high = middle;
  }
  return Math.abs((times[high] ?? 0) - seconds) < Math.abs((times[low] ?? 0) - seconds) ? high : low;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

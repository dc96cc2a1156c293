// Moments of the API (RFC 3339 text, or seconds) as people read them, in their time zone.

/** @param {string | number} moment */
function date(moment) {
  return new Date(typeof moment === "number" ? moment * 1000 : moment);
}

/**
 * 24 November 2026.
 * @param {string | number} moment
 */
export function day(moment) {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long" }).format(date(moment));
}

/**
 * 3 hours ago; the day, once it is a while.
 * @param {string | number} moment
 */
export function ago(moment) {
  const minutes = Math.round((Date.now() - date(moment).getTime()) / 60_000);
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (minutes < 2) return "just now";
  if (minutes < 60) return relative.format(-minutes, "minute");
  if (minutes < 24 * 60) return relative.format(-Math.round(minutes / 60), "hour");
  if (minutes < 7 * 24 * 60) return relative.format(-Math.round(minutes / (24 * 60)), "day");
  return `on ${day(moment)}`;
}

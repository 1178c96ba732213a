/** Schedules in plain words. What has no short sentence is shown as it is written. Pure. */
import { listed } from "./words.ts";

type Schedule = { readonly expression?: string | undefined; readonly everySeconds?: number | undefined };

const macros: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** "every day at 03:00", "Monday to Friday, every 30 minutes", or the expression itself. */
export function scheduleWords({ expression = "", everySeconds }: Schedule): string {
  if (everySeconds !== undefined) return intervalWords(everySeconds);
  const text = macros[expression.trim()] ?? expression.trim();
  const fields = text.split(/\s+/);
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const when = fields.length === 5 ? timeWords(minute, hour) : undefined;
  const on = dayWords(day, month, weekday);
  if (when === undefined || on === undefined) return expression;
  if (when.startsWith("every ")) return on === "" ? when : `${on}, ${when}`;
  return `${on === "" ? "every day" : on} at ${when}`;
}

function intervalWords(seconds: number): string {
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  const [unit, size] = units.find(([, size]) => seconds % size === 0) ?? ["second", 1];
  return every(seconds / size, unit);
}

function numbers(field: string, most: number): readonly number[] | undefined {
  if (!/^\d+(,\d+)*$/.test(field)) return undefined;
  const values = field.split(",").map(Number);
  return values.every((value) => value <= most) ? values : undefined;
}

/** A list that names every so many of all there are, such as `0,15,30,45`, as the step that it is. */
function stepped(field: string, size: number): string {
  const values = numbers(field, size - 1) ?? [];
  const step = size / values.length;
  const isStep = values.length > 2 && values.every((value, index) => value === index * step);
  return isStep ? `*/${step}` : field;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function every(count: number, unit: string): string {
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
}

function timeWords(minutes: string, hours: string): string | undefined {
  const minute = stepped(minutes, 60);
  const hour = stepped(hours, 24);
  const step = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (minute === "*" && hour === "*") return "every minute";
  if (step !== undefined && 60 % Number(step) === 0) {
    if (hour === "*") return every(Number(step), "minute");
    const between = /^(\d+)-(\d+)$/.exec(hour);
    if (between)
      return `${every(Number(step), "minute")} from ${two(Number(between[1]))}:00 to ${two(Number(between[2]))}:59`;
    return undefined;
  }
  const named = numbers(minute, 59);
  if (!named) return undefined;
  const past = named.map((value) => `:${two(value)}`);
  if (hour === "*") return named.length > 4 ? undefined : `every hour at ${listed(past)}`;
  const hourStep = /^\*\/(\d+)$/.exec(hour)?.[1];
  if (hourStep !== undefined && 24 % Number(hourStep) === 0 && named.length === 1) {
    return `${every(Number(hourStep), "hour")}${named[0] === 0 ? "" : ` at ${past[0]}`}`;
  }
  const between = /^(\d+)-(\d+)$/.exec(hour);
  if (between && named.length === 1) {
    return `every hour from ${two(Number(between[1]))}${past[0]} to ${two(Number(between[2]))}${past[0]}`;
  }
  const namedHours = numbers(hour, 23);
  if (!namedHours || namedHours.length * named.length > 4) return undefined;
  return listed(namedHours.flatMap((one) => past.map((minutePast) => `${two(one)}${minutePast}`)));
}

function dayWords(day: string, month: string, weekday: string): string | undefined {
  const isAnyDay = day === "*";
  const isAnyWeekday = weekday === "*";
  // Cron takes either where both are named; that deserves to be read as it is written.
  if (!isAnyDay && !isAnyWeekday) return undefined;
  const named = numbers(month, 12)?.map((value) => months[value - 1] ?? "");
  if (month !== "*" && !named) return undefined;
  const inMonths = named ? ` of ${listed(named)}` : "";
  if (isAnyDay && isAnyWeekday) return named ? `every day${inMonths}` : "";
  if (isAnyWeekday) {
    const dates = numbers(day, 31);
    return dates && `on the ${listed(dates.map(dateWords))}${named ? inMonths : " of the month"}`;
  }
  const words = weekdayWords(weekday);
  return words && `${words}${named ? ` in ${listed(named)}` : ""}`;
}

function dateWords(date: number): string {
  const isTeen = date >= 11 && date <= 13;
  return `${date}${isTeen ? "th" : (["th", "st", "nd", "rd"][date % 10] ?? "th")}`;
}

function weekdayWords(field: string): string | undefined {
  const short = days.map((name) => name.slice(0, 3).toLowerCase());
  const plain = field.toLowerCase().replaceAll(/[a-z]{3}/g, (name) => String(short.indexOf(name)));
  const between = /^([0-7])-([0-7])$/.exec(plain);
  if (between) return `${days[Number(between[1]) % 7]} to ${days[Number(between[2]) % 7]}`;
  const values = numbers(plain, 7);
  return values && listed(values.map((value) => `${days[value % 7]}s`));
}

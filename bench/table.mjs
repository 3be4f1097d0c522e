/** Rows of {what, value, beside, goal} as a Markdown table, padded so that it reads as text too. */
export function table(rows) {
  const lines = [
    ["what", "keyseal", "beside it", "goal"],
    ...rows.map(({ what, value, beside = "", goal = "" }) => [what, value, beside, goal]),
  ];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const print = (line) => `| ${line.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [print(lines[0]), rule, ...lines.slice(1).map(print)].join("\n");
}

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** 1 234 000 → "1234k", 12.345 → "12.3": three digits that matter. */
export const short = (number) =>
  number >= 100_000 ? `${Math.round(number / 1000)}k` : String(Number(number.toPrecision(3)));

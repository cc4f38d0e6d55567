"""The report of tests.benchmarks.gpu as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks import encoder_low_shot

# What a part found, in tables by these names.
TABLES = ("tests", "steps", "views", "growth", "extraction")


def markdown(report: Mapping[str, Any]) -> str:
    """The device, a table of all parts, then those of what each part found."""
    parts: Mapping[str, Mapping[str, Any]] = report["parts"]
    summary = [
        {
            "part": name,
            "passed": "yes" if part["passed"] else f"no: {part.get('error', 'see its table')}",
            "seconds": part["seconds"],
        }
        for name, part in parts.items()
    ]
    title = f"# {report['device']}, {report['cores']} cores, torch {report['torch']}"
    sections = [title, table(summary)]
    for part in parts.values():
        sections += [table(part[name]) for name in TABLES if part.get(name)]
        if "run" in part:
            sections += [table([part["run"]]), encoder_low_shot.markdown(part["low_shot"])]
    return "\n\n".join(sections) + "\n"


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The keys that all rows have become the columns."""
    columns = [name for name in rows[0] if all(name in row for row in rows)]
    lines = [columns, ["---"] * len(columns)]
    lines += [[cell(row[column]) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: object) -> str:
    """A value as people read it, on one line and without the table's own sign."""
    if value is None:
        return ""
    text = f"{value:,.4g}" if isinstance(value, float) else str(value)
    return " ".join(text.split()).replace("|", "\\|")

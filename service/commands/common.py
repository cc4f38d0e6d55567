"""What every command does: read the settings, say what went wrong, print for people or machines."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from service.settings import Settings

console = Console(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def read_settings() -> Settings:
    """The settings from the environment; ends the command where one is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        fail(f"HANDFUL_{'_'.join(map(str, first['loc'])).upper()}: {first['msg']}.")


def fail(message: str) -> NoReturn:
    """End the command with a message for people and status 1."""
    console.print(message, style="red", markup=False, highlight=False)
    sys.exit(1)


def print_rows(
    rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool, title: str = ""
) -> None:
    """Print rows as a table of these columns, or all of them as JSON."""
    if as_json:
        print(json.dumps(rows, indent=1, default=str))
        return
    table = Table(*columns, title=title or None)
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    Console().print(table)


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)

"""The `handful` command: one line a subcommand."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

# Where each command is, in the order of the help.
COMMANDS = {
    "up": "serving.up",
    "import": "importing.import_",
    "label": "remote.label",
    "predict": "remote.predict",
    "encoders": "remote.encoders",
    "evaluate": "research.evaluate",
    "pretrain": "pretraining.pretrain",
    "export": "exporting.export",
    "serve": "serving.serve",
    "worker": "serving.worker",
    "openapi": "serving.openapi",
}


class Commands(TyperGroup):
    """Imports a command's module when it is asked for: what all of them import takes seconds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        unloaded: dict[str, Any] = dict.fromkeys(COMMANDS)
        self.commands = unloaded

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS and self.commands[cmd_name] is None:
            self.commands[cmd_name] = _load(cmd_name)
        return super().get_command(ctx, cmd_name)


def _load(name: str) -> Any:
    module, _, function = COMMANDS[name].partition(".")
    run: Callable[..., None] = getattr(import_module(f"service.commands.{module}"), function)
    command = typer.Typer(add_completion=False)
    command.command(name)(run)
    return get_command(command)


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False)


@app.callback()
def handful() -> None:
    """An image classifier from a handful of labels."""


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()

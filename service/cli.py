"""The `handful` command: one line a subcommand."""

import typer

from service.commands import exporting, importing, pretraining, remote, research, serving

app = typer.Typer(
    help="An image classifier from a handful of labels.", no_args_is_help=True, add_completion=False
)
app.command()(serving.up)
app.command("import")(importing.import_)
app.command()(remote.label)
app.command()(remote.predict)
app.command()(remote.encoders)
app.command()(research.evaluate)
app.command()(pretraining.pretrain)
app.command()(exporting.export)
app.command()(serving.serve)
app.command()(serving.worker)
app.command()(serving.openapi)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()

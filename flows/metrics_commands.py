"""`emeritus metrics`: the numbers for Prometheus, printed or served."""

from typing import Annotated

import typer

metrics = typer.Typer(
    help="The numbers of monitoring in Prometheus' text format: printed, or served.",
    no_args_is_help=True,
)


@metrics.command()
def show(
    model: Annotated[str, typer.Argument(help="The model's id; every model if left out.")] = "",
) -> None:
    """Print the numbers as Prometheus reads them."""
    from flows import metrics_acts

    typer.echo(metrics_acts.metrics_text(model), nl=False)


@metrics.command()
def serve(
    port: Annotated[int, typer.Option(help="TCP port to listen at; 0 for a free one.")] = 9464,
    host: Annotated[
        str,
        typer.Option(help="Address to listen at. There is no login: keep it to a trusted network."),
    ] = "127.0.0.1",
) -> None:
    """Serve the numbers of every model until Ctrl-C; the records are read at each scrape."""
    from flows import metrics_acts

    server, thread = metrics_acts.start(port, host)
    at = server.server_port
    typer.echo(f"numbers of every model at http://{host}:{at}/metrics; Ctrl-C stops")
    thread.join()

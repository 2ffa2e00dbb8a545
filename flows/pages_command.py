"""`emeritus pages`."""

from typing import Annotated

import typer

Host = Annotated[str, typer.Option(help="Address to listen on; beyond loopback, set a password.")]
Port = Annotated[int, typer.Option(help="TCP port.", min=1, max=65535)]


def pages(host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Serve packets, drafts in review, reports and dossiers to a browser; Ctrl-C stops.

    Set EMERITUS_PAGES_URL where passes run to the address that people see; the pages in Prefect
    then link to them. EMERITUS_PAGES_AUTH=name:password asks every reader for it.
    """
    from flows.pages_server import serve_pages

    typer.echo(f"pages: http://{host}:{port}/reports/fleet.html   (Ctrl-C stops)", err=True)
    serve_pages(host, port)

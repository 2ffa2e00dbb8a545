"""One file an outside service. Only `tasks.wiring` chooses among them."""

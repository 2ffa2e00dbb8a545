"""What an operator triggers: Prefect flows, and the `emeritus` command around them."""

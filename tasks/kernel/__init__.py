"""Words and rules that every part shares. No IO, no Prefect, no clock."""

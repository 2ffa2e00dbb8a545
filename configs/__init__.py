"""What drives a retirement: schemas, the strict loader, and the files that people edit."""

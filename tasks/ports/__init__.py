"""What stages ask of the outside world, as Protocols with plain frozen values."""

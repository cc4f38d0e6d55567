"""The commands of `handful`, by what they need: a machine, a running service, or data alone."""

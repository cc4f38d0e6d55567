"""What can go wrong, in words a user can act on."""


class EncoderError(Exception):
    """An encoder cannot be found, read, trusted or exported; the message says what to do."""


class PretrainingError(ValueError):
    """A pretraining run cannot start or go on; the message says what to do."""

"""What can go wrong with an encoder, in words a user can act on."""


class EncoderError(Exception):
    """An encoder cannot be found, read, trusted or exported; the message says what to do."""

"""Tables that people open in a spreadsheet."""


def plain_cell(text: str) -> str:
    """Without what a spreadsheet would run as a formula: names of files come from anyone."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text

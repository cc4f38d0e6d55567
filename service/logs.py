"""How the service's own log reads: one line an event, plain tracebacks."""

import structlog


def configure_logs() -> None:
    """Set up structlog. Its default draws every local variable of a traceback: seconds of work."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )

"""Results and events as text and JSON; the only part that knows colours, tables and widths."""

"""Reading, making and changing sounds."""

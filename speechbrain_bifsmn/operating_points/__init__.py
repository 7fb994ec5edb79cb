"""Operating points: thresholds and smoothing for a rate of false alarms."""

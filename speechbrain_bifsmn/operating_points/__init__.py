"""Operating points: threshold and smoothing for a rate of false alarms."""

"""What a model file is worth: accuracy, robustness, false alarms, its card."""

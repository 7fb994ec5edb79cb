"""The model file: what it holds, its bytes, and the bounds of its values."""

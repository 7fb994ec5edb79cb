"""Audio: files decoded to their end, microphones, rates and channels."""

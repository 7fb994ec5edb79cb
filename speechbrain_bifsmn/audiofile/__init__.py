"""Audio files decoded to their end, whatever their headers say."""

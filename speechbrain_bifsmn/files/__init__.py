"""Files and folders on disk: replaced whole, and never somebody else's."""

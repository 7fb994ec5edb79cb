"""Binary layers, their binarizers, and the training objective."""

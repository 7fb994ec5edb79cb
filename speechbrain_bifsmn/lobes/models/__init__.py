"""Networks: BiDFSMN, its full-precision relatives, and others to compare."""

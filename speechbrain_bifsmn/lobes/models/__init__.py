"""Networks: BiDFSMN and its full-precision relatives."""

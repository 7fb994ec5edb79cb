/* The features that this machine makes of the clip. */
.include "board/blob.inc"

blob features, "features.raw"

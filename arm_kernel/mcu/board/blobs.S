/* Model and clip in flash. */
.include "board/blob.inc"

blob model, "model.bifsmn"
blob clip, "clip.raw"

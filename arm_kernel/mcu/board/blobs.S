/* Model and clip in flash. */
#include "blob.h"

blob model, "model.bifsmn"
blob clip, "clip.raw"

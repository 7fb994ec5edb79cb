/* The features that this machine makes of the clip. */
#include "board/blob.h"

blob features, "features.raw"

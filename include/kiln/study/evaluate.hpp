// study::evaluate(): its header, beside those of the other questions. It is in a separate module, which links no
// SystemC.
#pragma once

#include "kiln/study/evaluate/evaluate.hpp"

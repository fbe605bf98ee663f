// study::evaluate(): its header, beside those of the other questions. It is in a module of its own, which links no
// SystemC.
#pragma once

#include "kiln/study/evaluate/evaluate.hpp"

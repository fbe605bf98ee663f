// The computer that a question is answered on. Private to the study module.
#pragma once

#include "kiln/study/bench.hpp"

namespace kiln::study {

MachineFigures this_machine();

}  // namespace kiln::study

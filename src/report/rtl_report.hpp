// What `kiln rtl` says of a directory that it wrote.
#pragma once

#include <string>

#include "kiln/study/rtl.hpp"

namespace kiln::report {

std::string rtl_json(const study::RtlAnswer& written);
std::string rtl_text(const study::RtlAnswer& written);

}  // namespace kiln::report

// What `kiln bake` and `kiln inspect` say: JSON for machines, tables for people. docs/report.md explains every key.
#pragma once

#include <string>

#include "study/images.hpp"

namespace kiln::report {

std::string bake_json(const study::BakeAnswer& summary);
std::string bake_text(const study::BakeAnswer& summary);

std::string inspect_json(const study::RomInspection& inspection);
std::string inspect_text(const study::RomInspection& inspection);

std::string inspect_json(const checkpoint::Checkpoint& checkpoint);
std::string inspect_text(const checkpoint::Checkpoint& checkpoint);

}  // namespace kiln::report

// What `kiln list` and `kiln new` print. docs/report.md explains every key of their documents.
#pragma once

#include <string>

#include "kiln/study/configs.hpp"
#include "kiln/study/new_chip.hpp"
#include "report/table.hpp"

namespace kiln::report {

/// A line each with a few figures.
std::string list_text(const study::ConfigList& list);
std::string list_json(study::ConfigKind kind, const study::ConfigList& list);

/// The chip in a few lines.
std::string new_chip_text(const study::NewChipAnswer& answer, std::size_t columns = kTerminalColumns);
std::string new_chip_json(const study::NewChipAnswer& answer);

}  // namespace kiln::report

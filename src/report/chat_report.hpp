// What `kiln chat` says: the line after an answer, and the document of the whole. docs/report.md explains every key.
#pragma once

#include <string>

#include "study/chat.hpp"

namespace kiln::report {

/// One line without its end.
std::string chat_line(const program::Placement& placement, const study::ChatTurn& turn);
std::string chat_json(const study::ChatAnswer& answer);

/// The first lines of the screen: whether the chip can be built.
std::string chat_verdict(const study::ChatAnswer& answer, std::size_t columns);

}  // namespace kiln::report

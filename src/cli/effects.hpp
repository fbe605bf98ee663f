// Options without effect beside the others are refused: a user who gives one expects an effect. The rules are a
// table; the options' values are not examined. Private to the cli module.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kiln::cli {

/// Whether the command line has this option ("--recipe").
using Given = std::function<bool(std::string_view option)>;

/// A sentence on the first option of `command` that has no effect beside the others, or nothing.
std::optional<std::string> without_effect(std::string_view command, const Given& given);

}  // namespace kiln::cli

// Command lines as baselines keep them: without what says where answers go, and with paths that hold from another folder.
// Private to the gate module.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kiln::gate {

/// For a baseline in `folder`; paths in `arguments` are relative to the working directory.
std::vector<std::string> recorded(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

/// The first option that no recorded command has: a baseline must not say what is written where.
std::optional<std::string> writes_elsewhere(const std::vector<std::string>& command);

/// To run a recorded command in the baseline's folder: its own output, where the command must have one, goes into
/// `scratch`, its document to `document`.
std::vector<std::string> runnable(const std::vector<std::string>& command, const std::string& scratch,
                                  const std::string& document);

}  // namespace kiln::gate

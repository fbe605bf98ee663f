// Command lines as baselines keep them: without what says where answers go, and with paths that hold from another folder.
// A baseline is a file that anybody may have written, so options are known here one by one: whatever is not, is not run.
// Private to the gate module.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kiln::gate {

/// For a baseline in `folder`; paths in `arguments` are relative to the working directory.
std::vector<std::string> recorded(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

/// Why a recorded command is none that a check may run: "has --json, which no recorded command has".
std::optional<std::string> refused(const std::vector<std::string>& command);

/// To run a recorded command in the baseline's folder: its own output, where the command must have one, goes into
/// `outputs`, its document to `document`.
std::vector<std::string> runnable(const std::vector<std::string>& command, const std::string& outputs,
                                  const std::string& document);

/// The spec of a sweep as a recorded command names it; none where it is no sweep.
std::optional<std::string> spec_of(const std::vector<std::string>& command);

/// Whether a text in a sweep's spec is the name of a file that is there. Under some keys it is never the name of a config.
bool names_file(std::string_view key, const std::string& text);

/// What a command names that may be a file which it reads: a file, or a config's name.
std::vector<std::string> inputs_of(const std::vector<std::string>& command);

/// The files that a command names, without their folders, for labels.
std::vector<std::string> files_of(const std::vector<std::string>& command);

}  // namespace kiln::gate

// What the terminal is like: its width, and whether colour is welcome there. Private to the cli module.
#pragma once

#include <cstddef>
#include <optional>

namespace kiln::cli {

/// Columns of the terminal that `file` is, or nothing where it is none or does not say.
std::optional<std::size_t> terminal_columns(int file);

/// Columns for text on standard output: the terminal's, at most a hundred (long lines are hard to read), at least 40.
std::size_t text_columns();

/// A terminal whose cursor can be moved: TERM is set, and not to "dumb".
bool terminal_is_capable(int file);

/// https://no-color.org: any NO_COLOR that is not empty forbids it; so does a dumb terminal.
bool colour_is_welcome();

}  // namespace kiln::cli

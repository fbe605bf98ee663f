// What a program says that the system leaves no memory or no thread, where no function can return an error any more:
// before main(), in a destructor, in a thread. Private to the cli module.
#pragma once

namespace kiln::cli {

/// "not enough memory" and what a system_error says become a sentence and kBadInput; anything else that nobody caught is
/// a bug, and aborts.
void install_last_words();

}  // namespace kiln::cli

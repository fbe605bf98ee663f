#include "cli/cli.hpp"
#include "cli/last_words.hpp"

namespace {

/// Before the static objects of the program and of its libraries are made, which take memory.
[[gnu::section(".preinit_array"), gnu::used]] void (*const kBegin)() = kiln::cli::install_last_words;

}  // namespace

int main(int argc, char** argv) { return kiln::cli::run(argc, argv); }

// What holds of every input, as assertions: a fuzz target says require(), and a fuzzer takes the end of the process for a
// crash. Refusals are sentences, which the command line prints as lines that can be read; they do not repeat the input many
// times, and are never "internal error".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kiln/base/result.hpp"

namespace kiln::fuzz {

/// Says what does not hold, and aborts.
void require(bool holds, std::string_view what, std::string_view detail = {});

void require_sentences(const base::Error& error);

/// Whether there is a value; the reason why there is none must be a sentence, or some where it says so.
template <class T>
bool good(const base::Result<T>& result) {
  if (!result) require_sentences(result.error());
  return result.ok();
}

/// True for one input of `share`, and always the same ones: for work that takes long. All when files are read again.
bool chosen(const std::uint8_t* data, std::size_t size, std::uint64_t share);
extern bool all_are_chosen;

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace kiln::fuzz

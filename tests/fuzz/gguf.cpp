// GGUF files: bytes as they are.
#include "checkpoint/checkpoint.hpp"
#include "support/checkpoint_use.hpp"
#include "support/property.hpp"
#include "support/scratch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kiln;
  static fuzz::ScratchFile file;
  file.fill(fuzz::text_of(data, size));
  const auto checkpoint = checkpoint::open(file.path());
  if (fuzz::good(checkpoint)) fuzz::use(**checkpoint, fuzz::chosen(data, size, fuzz::kBaked));
  return 0;
}

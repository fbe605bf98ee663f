// The fuzzer's mutations: bytes as libFuzzer changes them, and now and then something grown.
#include <algorithm>
#include <cstring>

#include "support/grow.hpp"
#include "support/property.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  kiln::base::Random random(seed);
  // Large inputs take long to read: the more there are, the fewer inputs a second.
  constexpr std::size_t kOrdinary = 8192;
  if (random.below(12) != 0) return LLVMFuzzerMutate(data, size, size > kOrdinary ? most : std::min(most, kOrdinary));
  const std::size_t room = random.below(8) == 0 ? most : std::min(most, std::max(size, kOrdinary));
  const std::string input = kiln::fuzz::grown(kiln::fuzz::text_of(data, size), room, random);
  std::memcpy(data, input.data(), input.size());
  return input.size();
}

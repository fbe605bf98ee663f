// What a fuzzer has besides its target. Mutations: bytes as libFuzzer changes them, and now and then something grown. And with
// KILN_FUZZ_ALL in the environment, files that are read again get the work that takes long, too.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "support/grow.hpp"
#include "support/property.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  kiln::fuzz::all_are_chosen = std::getenv("KILN_FUZZ_ALL") != nullptr;
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  kiln::base::Random random(seed);
  // Large inputs take long to read: the more there are, the fewer inputs a second. So only what is grown becomes one, and
  // not often; and what was is cut before it is changed again. The inputs of tests/fuzz/corpus are smaller.
  constexpr std::size_t kOrdinary = 1024, kLargest = 16384;
  size = std::min(size, kLargest);
  const std::size_t ordinary = std::min(most, std::max(size, kOrdinary));
  if (random.below(12) != 0) return LLVMFuzzerMutate(data, size, ordinary);
  const std::size_t room = random.below(8) == 0 ? most : ordinary;
  const std::string input = kiln::fuzz::grown(kiln::fuzz::text_of(data, size), room, random);
  std::memcpy(data, input.data(), input.size());
  return input.size();
}

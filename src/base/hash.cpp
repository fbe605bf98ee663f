#include "base/hash.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <bit>

#include "kiln/base/result.hpp"

namespace kiln::base {

std::uint64_t checksum64(std::span<const std::byte> data) { return XXH3_64bits(data.data(), data.size()); }

Digest digest128(std::span<const std::byte> data) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(data.data(), data.size()));
  return std::bit_cast<Digest>(canonical.digest);
}

std::string hex_of(const Digest& digest) {
  std::string hex;
  for (const std::byte byte : digest) hex += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return hex;
}

struct ContentHash::State {
  XXH3_state_t* xxh = XXH3_createState();
  State() {
    check(xxh != nullptr, "no memory for a hash state");
    XXH3_128bits_reset(xxh);
  }
  ~State() { XXH3_freeState(xxh); }
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {}
ContentHash::~ContentHash() = default;
ContentHash::ContentHash(ContentHash&&) noexcept = default;
ContentHash& ContentHash::operator=(ContentHash&&) noexcept = default;

void ContentHash::update(std::span<const std::byte> data) {
  XXH3_128bits_update(state_->xxh, data.data(), data.size());
}
void ContentHash::update(std::string_view text) { update(std::as_bytes(std::span(text.data(), text.size()))); }

std::string ContentHash::hex() const {
  const auto digest = XXH3_128bits_digest(state_->xxh);
  return fmt::format("{:016x}{:016x}", digest.high64, digest.low64);
}

}  // namespace kiln::base

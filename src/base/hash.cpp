#include "base/hash.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include "kiln/base/result.hpp"

namespace kiln::base {

std::uint64_t checksum64(std::span<const std::byte> data) { return XXH3_64bits(data.data(), data.size()); }

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

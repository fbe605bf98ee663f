// Checksums and content hashes (XXH3): to notice damage and to name contents, not to resist an attacker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kiln::base {

/// XXH3-64 of `data`.
std::uint64_t checksum64(std::span<const std::byte> data);

/// XXH3-128 of `data`, the most significant byte first: the digits of hex_of() in order.
using Digest = std::array<std::byte, 16>;
Digest digest128(std::span<const std::byte> data);
std::string hex_of(const Digest& digest);

/// XXH3-128 over everything fed so far, as 32 hex digits.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(ContentHash&&) noexcept;
  ContentHash& operator=(ContentHash&&) noexcept;
  void update(std::span<const std::byte> data);
  void update(std::string_view text);
  [[nodiscard]] std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kiln::base

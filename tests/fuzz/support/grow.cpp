#include "support/grow.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace kiln::fuzz {
namespace {

using namespace std::string_view_literals;

constexpr std::array<Bracket, 14> kBrackets = {{{"[", "]"},
                                                {"{\"a\":", "}"},
                                                {"[{\"type\":\"Sequence\",\"pretokenizers\":[", "]}]"},
                                                {"(", ")"},
                                                {"{{", "}}"},
                                                {"{% if x %}", "{% endif %}"},
                                                {"{% for m in messages %}", "{% endfor %}"},
                                                {"not ", ""},
                                                {"-", ""},
                                                {"a.", ""},
                                                {"x[", "]"},
                                                {"f(", ")"},
                                                {"1+", ""},
                                                {"a|trim", ""}}};
constexpr std::array kNumbers = {"0"sv,
                                 "-0"sv,
                                 "-1"sv,
                                 "5e-324"sv,
                                 "1e308"sv,
                                 "1e400"sv,
                                 "1e-300"sv,
                                 "1e300"sv,
                                 "1e5"sv,
                                 "0.5"sv,
                                 "4294967295"sv,
                                 "4294967296"sv,
                                 "16777217"sv,
                                 "2147483648"sv,
                                 "18446744073709551615"sv,
                                 "9223372036854775808"sv};
constexpr std::array kBytes = {"\0"sv,   "\n"sv,           "\r"sv,      "\x1b[2J"sv, "\x7f"sv,   "\xff"sv,
                               "\xc3"sv, "\xed\xa0\x80"sv, "\\u0000"sv, "\\n"sv,     "\\ud800"sv};

/// From 1 to `most`, small ones as often as large ones.
std::size_t some(std::size_t most, base::Random& random) {
  std::size_t bits = 0;
  while ((most >> bits) > 1) ++bits;
  return std::min<std::size_t>(most, random.between(1, std::size_t{2} << random.below(bits + 1)));
}

template <class List>
const auto& any_of(const List& list, base::Random& random) {
  return list[random.below(list.size())];
}

/// [first, last) of a part between two of the characters that end elements, or of any part.
std::pair<std::size_t, std::size_t> element(std::string_view input, base::Random& random) {
  const std::size_t at = random.below(input.size() + 1);
  constexpr std::string_view kEnds = ",\n{}[]\" ";
  const std::size_t before = input.substr(0, at).find_last_of(kEnds);
  const std::size_t first = before == input.npos ? 0 : before + (input[before] == ',' ? 0 : 1);
  const std::size_t after = input.find_first_of(kEnds, at);
  return {first, std::max(first, after == input.npos ? input.size() : after)};
}

std::pair<std::size_t, std::size_t> number_in(std::string_view input, base::Random& random) {
  constexpr std::string_view kDigits = "0123456789.+-eE";
  const std::size_t first = input.find_first_of("0123456789", random.below(input.size() + 1));
  if (first == input.npos) return {input.size(), input.size()};
  return {first, std::min(input.find_first_not_of(kDigits, first), input.size())};
}

std::string little_endian(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

}  // namespace

std::string nested(const Bracket& bracket, std::size_t depth, std::string_view inside) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += bracket.open;
  text += inside;
  for (std::size_t i = 0; i < depth; ++i) text += bracket.close;
  return text;
}

std::string grown(std::string_view input, std::size_t most, base::Random& random) {
  if (most <= input.size() + 32) return std::string(input.substr(0, most));
  const std::size_t room = most - input.size() - 32;
  auto [first, last] = element(input, random);
  std::string in_place;
  switch (random.below(6)) {
    case 0: {
      const Bracket& bracket = any_of(kBrackets, random);
      const std::size_t depth = some(kDeepest, random);
      in_place = nested(bracket, std::min(depth, room / (bracket.open.size() + bracket.close.size())),
                        input.substr(first, last - first));
      break;
    }
    case 1: {
      const std::string_view copied = input.substr(first, last - first);
      const std::size_t copies = some(kMostCopies, random);
      for (std::size_t i = 0; i < copies && in_place.size() + copied.size() <= room; ++i) in_place += copied;
      break;
    }
    case 2:
      in_place.assign(std::min(some(kDeepest, random), room), "a 0\\\xFF"[random.below(5)]);
      break;
    case 3:
      std::tie(first, last) = number_in(input, random);
      in_place = any_of(kNumbers, random);
      if (random.below(4) == 0) in_place.append(std::min(some(kMostCopies, random), room), '9');
      break;
    case 4: {
      const std::size_t bytes = random.below(2) == 0 ? 4 : 8;
      first = random.below(input.size() + 1);
      last = std::min(first + bytes, input.size());
      in_place =
          little_endian(random.below(2) == 0 ? std::uint64_t{1} << random.below(64) : random.below(3) - 1, bytes);
      break;
    }
    default:
      last = first;
      in_place = any_of(kBytes, random);
  }
  std::string result(input.substr(0, first));
  result += in_place;
  result += input.substr(std::max(first, last));
  return result.substr(0, most);
}

}  // namespace kiln::fuzz

#include "rtl/request.hpp"

#include <fmt/format.h>

#include <bit>
#include <map>

#include "base/random.hpp"
#include "kiln/numerics/sample.hpp"
#include "rtl/chip_design.hpp"

namespace kiln::rtl {

base::Status check_request(const chip::UserRequest& user) {
  if (user.end_tokens.size() > kMostEnds)
    return base::Error{fmt::format("the RTL takes {} end tokens at most, found {}", kMostEnds, user.end_tokens.size())};
  if (user.max_new_tokens > UINT32_MAX)
    return base::Error{
        fmt::format("the RTL makes {} tokens at most, {} are asked for", UINT32_MAX, user.max_new_tokens)};
  if (user.cached_prefix > 0 || user.cancelled_at)
    return base::Error{"the RTL knows neither kept tokens nor users who leave"};
  return {};
}

std::vector<RequestField> request_fields(const chip::UserRequest& user) {
  const auto& sampling = user.sampling;
  const float factor = sampling.greedy() ? 0.0F : numerics::exponent_factor(sampling.temperature);
  std::vector<RequestField> fields = {
      {"request_user_i", 0, 16, 0},
      {"request_prompt_i", 0, 32, user.prompt.size()},
      {"request_max_new_i", 0, 32, user.max_new_tokens},
      {"request_greedy_i", 0, 1, sampling.greedy() ? 1U : 0U},
      {"request_factor_i", 0, 32, std::bit_cast<std::uint32_t>(factor)},
      {"request_top_k_i", 0, 4, sampling.top_k},
      {"request_seed_i", 0, 64, base::mix(sampling.seed, 0)},  // of user 0
      {"request_end_count_i", 0, 4, user.end_tokens.size()},
      {"prompt_user_i", 0, 16, 0},
  };
  for (std::size_t i = 0; i < user.end_tokens.size(); ++i)
    fields.push_back({"request_ends_i", 32 * i, 32, user.end_tokens[i]});
  return fields;
}

void set_request(Model& model, const chip::UserRequest& user) {
  std::map<std::string, Bits> ports;
  for (const RequestField& field : request_fields(user)) {
    const auto [at, added] = ports.try_emplace(field.port, model.pin(field.port).bits());
    at->second.set(field.at, field.width, field.value);
  }
  for (const auto& [port, bits] : ports) model.pin(port).set(bits);
}

}  // namespace kiln::rtl

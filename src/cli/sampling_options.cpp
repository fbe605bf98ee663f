#include "cli/sampling_options.hpp"

#include "cli/commands.hpp"

namespace kiln::cli {

void SamplingOptions::add_to(CLI::App& command, const std::string& seeds) {
  command.add_option("--temperature", temperature, "0 takes the likeliest token, above it tokens are drawn")
      ->type_name("T")
      ->capture_default_str();
  command.add_option("--top-k", top_k, "Draw among the K likeliest; as many as the chip keeps if not given")
      ->check(whole_number())
      ->type_name("K");
  command.add_option("--seed", seed, seeds)->check(whole_number())->type_name("S")->capture_default_str();
}

base::Status SamplingOptions::check() const {
  if (top_k && *top_k > UINT32_MAX) return base::Error{"--top-k is above 4294967295"};
  return {};
}

numerics::Sampling SamplingOptions::on(const config::ChipConfig& chip) const {
  return {temperature, static_cast<std::uint32_t>(top_k.value_or(chip.sampler.max_top_k)), seed};
}

}  // namespace kiln::cli

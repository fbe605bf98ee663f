#include "cli/sampling_options.hpp"

#include "cli/commands.hpp"

namespace kiln::cli {

void add_sampling(CLI::App& command, study::SamplingWish& sampling, const std::string& seeds) {
  command.add_option("--temperature", sampling.temperature, "0 takes the likeliest token, above it tokens are drawn")
      ->type_name("T")
      ->capture_default_str();
  command.add_option("--top-k", sampling.top_k, "Draw among the K likeliest; as many as the chip keeps if not given")
      ->check(whole_number())
      ->type_name("K");
  command.add_option("--seed", sampling.seed, seeds)->check(whole_number())->type_name("S")->capture_default_str();
}

}  // namespace kiln::cli

#include "cli/run_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bake/bake.hpp"
#include "base/mapped_file.hpp"
#include "checkpoint/lora.hpp"
#include "host/run.hpp"
#include "host/workload.hpp"

namespace kiln::cli {
namespace {

/// Of all users together: half a gigabyte of ids.
constexpr std::uint64_t kMostPromptIds = std::uint64_t{1} << 27;

/// `what` names the option or the place in a file.
base::Result<std::vector<base::TokenId>> text_ids(const std::string& text, const std::string& what,
                                                  const RunOptions& options, const Subject& subject) {
  if (text.empty()) return base::Error{"the prompt is empty; at least one character is expected"};
  if (!subject.tokenizer) {
    return base::Error{options.rom.empty()
                           ? what + " needs a tokenizer, and --model has none: give a number of prompt tokens"
                           : options.rom + " holds no tokenizer: give a number of prompt tokens instead of " + what};
  }
  auto ids = subject.tokenizer->encode(text);
  if (!ids) return base::Error{what + ": " + ids.error().message};
  return ids;
}

base::Status load_adapter(const std::string& directory, Subject& subject) {
  if (directory.empty()) return {};
  const auto adapter = checkpoint::open_lora(directory, subject.model);
  if (!adapter) return adapter.error();
  subject.adapter_shape = adapter->shape();
  if (!subject.rom) return {};
  auto baked = bake::bake_adapter(*adapter, subject.model);
  if (!baked) return baked.error();
  subject.adapter = *std::move(baked);
  return {};
}

base::Result<Subject> load_model(const RunOptions& options, Session& session) {
  Subject subject;
  if (options.rom.empty()) {
    auto model = session.model(options.model);
    if (!model) return model.error();
    auto recipe = session.recipe(options.recipe);
    if (!recipe) return recipe.error();
    subject.model = *std::move(model);
    subject.recipe = *std::move(recipe);
    return subject;
  }
  auto image = rom::RomImage::open(options.rom, session.pool(), session.progress());
  if (!image) return image.error();
  subject.rom = *std::move(image);
  subject.model = subject.rom->model();
  subject.recipe = subject.rom->recipe();
  if (subject.rom->tokenizer()) {
    auto made = tokenizer::Tokenizer::create(*subject.rom->tokenizer());
    if (!made) return made.error();
    subject.tokenizer = *std::move(made);
  }
  return subject;
}

}  // namespace

base::Result<Subject> load(const RunOptions& options, Session& session) {
  auto subject = load_model(options, session);
  if (!subject) return subject;
  if (const auto loaded = load_adapter(options.lora, *subject); !loaded) return loaded.error();
  return subject;
}

base::Result<std::vector<chip::UserRequest>> users_of(const RunOptions& options, const Subject& subject,
                                                      std::uint32_t clock_mhz) {
  std::vector<chip::UserRequest> users;
  std::uint64_t ids = 0;
  const auto add = [&](base::Cycles arrival, std::vector<base::TokenId> prompt, std::uint64_t answer) -> base::Status {
    ids += prompt.size();
    if (ids > kMostPromptIds)
      return base::Error{fmt::format("the prompts of all users are more than {} tokens together", kMostPromptIds)};
    chip::UserRequest user;
    user.arrival = arrival;
    user.prompt = std::move(prompt);
    user.max_new_tokens = answer;
    users.push_back(std::move(user));
    return {};
  };
  const auto seeded = [&](std::uint64_t count) {
    return host::seeded_prompt(count, subject.model.vocab_size, options.sampling.seed + users.size());
  };
  if (options.workload) {
    const auto text = base::read_text_file(*options.workload);
    if (!text) return text.error();
    const auto requests = host::parse_workload(*text, *options.workload);
    if (!requests) return requests.error();
    for (const auto& request : *requests) {
      const base::Cycles arrival(static_cast<std::uint64_t>(request.arrival_us * clock_mhz + 0.5));
      auto prompt = request.prompt ? text_ids(*request.prompt, *options.workload + ": /prompt", options, subject)
                                   : seeded(request.prompt_tokens);
      if (!prompt) return prompt.error();
      if (const auto added = add(arrival, *std::move(prompt), request.answer_tokens); !added) return added.error();
      if (request.leaves_us)
        users.back().leaves =
            std::max(arrival, base::Cycles(static_cast<std::uint64_t>(*request.leaves_us * clock_mhz + 0.5)));
    }
    return users;
  }
  if (!options.prompt && !options.prompt_tokens)
    return base::Error{"no prompt: give --prompt TEXT, --prompt-tokens P or --workload F"};
  for (std::uint64_t user = 0; user < options.users; ++user) {
    auto prompt =
        options.prompt ? text_ids(*options.prompt, "--prompt", options, subject) : seeded(*options.prompt_tokens);
    if (!prompt) return prompt.error();
    if (const auto added = add({}, *std::move(prompt), options.new_tokens); !added) return added.error();
  }
  return users;
}

base::Result<std::string> answer_text(const Subject& subject, const std::vector<base::TokenId>& prompt,
                                      const std::vector<base::TokenId>& answer) {
  if (!subject.tokenizer) return std::string();
  auto ids = prompt;
  ids.insert(ids.end(), answer.begin(), answer.end());
  const auto before = subject.tokenizer->decode(prompt);
  if (!before) return before.error();
  const auto whole = subject.tokenizer->decode(ids);
  if (!whole) return whole.error();
  if (whole->starts_with(*before)) return whole->substr(before->size());
  return subject.tokenizer->decode(answer);
}

}  // namespace kiln::cli
